//go:build linux

package csifiles

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	// Name is the driver's own, which manifests have.
	Name     = "secrets-store.csi.k8s.io"
	endpoint = "/var/lib/kubelet/plugins/" + Name + "/csi.sock"
	registry = "/var/lib/kubelet/plugins_registry/" + Name + "-reg.sock"

	// audience is whom the kubelet makes the pod's token for: the provider takes the account's role with it.
	audience = "sts.amazonaws.com"
)

// Manifests is what must be in the cluster before the plugin is: the CSIDriver and the driver's two kinds of objects.
//
//go:embed driver.yaml
var Manifests []byte

var (
	classes  = schema.GroupVersionResource{Group: "secrets-store.csi.x-k8s.io", Version: "v1", Resource: "secretproviderclasses"}
	statuses = schema.GroupVersionResource{Group: "secrets-store.csi.x-k8s.io", Version: "v1", Resource: "secretproviderclasspodstatuses"}
)

// plugin answers the kubelet.
type plugin struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedNodeServer
	registration.UnimplementedRegistrationServer

	node       string // its name
	api        dynamic.Interface
	secrets    *Secrets
	store      fs.FS
	volumes    volumes
	registered func(error) // told what the kubelet says of the registration
}

func (p *plugin) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{Type: registration.CSIPlugin, Name: Name, Endpoint: endpoint, SupportedVersions: []string{"1.0.0"}}, nil
}

func (p *plugin) NotifyRegistrationStatus(_ context.Context, s *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	var err error
	if !s.PluginRegistered {
		err = fmt.Errorf("the kubelet does not take the plugin: %s", s.Error)
	}
	p.registered(err)
	return &registration.RegistrationStatusResponse{}, nil
}

func (p *plugin) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: Name, VendorVersion: "stand-in"}, nil
}

func (p *plugin) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}

func (p *plugin) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: p.node}, nil
}

func (p *plugin) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{}, nil
}

// NodePublishVolume gives a pod its volume, and is called again and again while the pod runs (requiresRepublish), which is how values follow.
func (p *plugin) NodePublishVolume(ctx context.Context, q *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	v := q.GetVolumeContext()
	pod := owner{namespace: v["csi.storage.k8s.io/pod.namespace"], name: v["csi.storage.k8s.io/pod.name"], uid: v["csi.storage.k8s.io/pod.uid"]}
	if err := p.publish(ctx, pod, v, q.GetTargetPath()); err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

type owner struct{ namespace, name, uid string }

func (p *plugin) publish(ctx context.Context, pod owner, v map[string]string, target string) error {
	var tokens map[string]struct{ Token string }
	if err := json.Unmarshal([]byte(v["csi.storage.k8s.io/serviceAccount.tokens"]), &tokens); err != nil || tokens[audience].Token == "" {
		return fmt.Errorf("pod %s/%s: the kubelet hands no token for %s: set tokenRequests in the CSIDriver", pod.namespace, pod.name, audience)
	}
	u, err := p.api.Resource(classes).Namespace(pod.namespace).Get(ctx, v["secretProviderClass"], metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read SecretProviderClass %s/%s: %w", pod.namespace, v["secretProviderClass"], err)
	}
	class, err := ReadClass(u)
	if err != nil {
		return err
	}
	mount, err := class.Fetch(p.store)
	if err != nil {
		return err
	}
	if err := p.volumes.write(target, mount.Files); err != nil {
		return fmt.Errorf("write the volume of %s/%s: %w", class.Namespace, class.Name, err)
	}
	if err := p.secrets.Publish(ctx, target, class, mount.Files); err != nil {
		return err
	}
	return p.tell(ctx, pod, class, target, mount)
}

func (p *plugin) NodeUnpublishVolume(ctx context.Context, q *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if err := p.volumes.remove(q.GetTargetPath()); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if err := p.secrets.Unpublish(ctx, q.GetTargetPath()); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// tell keeps the pod's status of the class. It is the pod's, and goes with it.
func (p *plugin) tell(ctx context.Context, pod owner, c Class, target string, m Mount) error {
	var objects []any
	for _, name := range slices.Sorted(maps.Keys(m.Versions)) {
		objects = append(objects, map[string]any{"id": name, "version": m.Versions[name]})
	}
	want := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": classes.GroupVersion().String(), "kind": "SecretProviderClassPodStatus",
		"metadata": map[string]any{
			"namespace": pod.namespace, "name": pod.name + "-" + pod.namespace + "-" + c.Name,
			"labels":          map[string]any{"internal.secrets-store.csi.k8s.io/node-name": p.node},
			"ownerReferences": []any{map[string]any{"apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": pod.uid}},
		},
		"status": map[string]any{"podName": pod.name, "secretProviderClassName": c.Name, "mounted": true, "targetPath": target, "objects": objects},
	}}
	all := p.api.Resource(statuses).Namespace(pod.namespace)
	have, err := all.Get(ctx, want.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		_, err = all.Create(ctx, want, metav1.CreateOptions{})
	case err == nil && !same(have.Object["status"], want.Object["status"]):
		want.SetResourceVersion(have.GetResourceVersion())
		_, err = all.Update(ctx, want, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("tell of the volume of pod %s/%s: %w", pod.namespace, pod.name, err)
	}
	return nil
}

func same(a, b any) bool {
	one, err := json.Marshal(a)
	two, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(one) == string(two)
}
