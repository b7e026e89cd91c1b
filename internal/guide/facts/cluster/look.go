package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// Facts is what the cluster has.
type Facts struct {
	Cluster *Cluster
	// Set is the objects of the platform's namespace, and those of the whole cluster. The pods that run stand under the names of who made them, beside
	// the templates that the next ones are made by. Of other namespaces it has NetworkPolicies and RoleBindings alone.
	Set      *kube.Set
	Pods     []Pod // of every namespace, those that have ended left out
	Secrets  []Secret
	Statuses []Status

	unseen map[string]error // by resource
}

// Pod is a pod that runs, or is to run.
type Pod struct {
	corev1.Pod
	By kube.Object // who made it in the end; itself if nobody did
}

// Running tells that all of its containers have been started: whatever it mounts is mounted.
func (p Pod) Running() bool { return p.Status.Phase == corev1.PodRunning }

// Secret is what is known of a Secret of the platform's namespace. Its values are not in it.
type Secret struct {
	Name    string
	Labels  map[string]string
	Account string // whose token it is, for one that is
	Owners  []string
}

// Status is what the Secrets Store driver tells of a pod that mounts a class: an object of kind SecretProviderClassPodStatus.
type Status struct {
	Pod, Class string
	Mounted    bool
	Objects    int // how many were fetched
}

// resource is one that is read.
type resource struct {
	schema.GroupVersionResource
	everywhere bool // in every namespace; or of none
}

const secretsStore = "secrets-store.csi.x-k8s.io"

func resources() []resource {
	of := func(group, version, name string, everywhere bool) resource {
		return resource{schema.GroupVersionResource{Group: group, Version: version, Resource: name}, everywhere}
	}
	return []resource{
		of("", "v1", "namespaces", true), of("", "v1", "pods", true), of("", "v1", "services", false), of("", "v1", "serviceaccounts", false),
		of("", "v1", "configmaps", false),
		of("apps", "v1", "deployments", false), of("apps", "v1", "statefulsets", false), of("apps", "v1", "daemonsets", false), of("apps", "v1", "replicasets", false),
		of("batch", "v1", "jobs", false), of("batch", "v1", "cronjobs", false),
		of("networking.k8s.io", "v1", "networkpolicies", true), of("networking.k8s.io", "v1", "ingresses", false),
		of("rbac.authorization.k8s.io", "v1", "roles", false), of("rbac.authorization.k8s.io", "v1", "rolebindings", true),
		of("rbac.authorization.k8s.io", "v1", "clusterroles", true), of("rbac.authorization.k8s.io", "v1", "clusterrolebindings", true),
		of("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", true), of("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", true),
		of(secretsStore, "v1", "secretproviderclasses", false), of(secretsStore, "v1", "secretproviderclasspodstatuses", false),
	}
}

// Look reads it all. It never fails as a whole: what could not be read Seen tells of.
func (c *Cluster) Look(ctx context.Context) *Facts {
	ctx = quiet(ctx)
	f := &Facts{Cluster: c, unseen: map[string]error{}}
	if err := c.answers(ctx); err != nil { // or each question would wait for its own limit
		f.missed(err)
		f.Set = &kube.Set{}
		return f
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, together)
	read := map[string][]*unstructured.Unstructured{}
	ask := func(name string, question func() error) {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := question(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				f.unseen[name] = err
			}
		})
	}
	for _, r := range resources() {
		ask(r.Resource, func() error {
			list, err := c.list(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			read[r.Resource] = list
			return err
		})
	}
	ask("secrets", func() (err error) {
		f.Secrets, err = c.secrets(ctx)
		return err
	})
	all.Wait()
	f.gather(read)
	return f
}

// answers tells whether an API server is there: a refusal is an answer.
func (c *Cluster) answers(ctx context.Context) error {
	_, err := c.Objects("", "v1", "namespaces").Get(ctx, c.Namespace, metav1.GetOptions{})
	if apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {
		return nil
	}
	return err
}

// missed is that nothing was read.
func (f *Facts) missed(why error) {
	f.unseen["secrets"] = why
	for _, r := range resources() {
		f.unseen[r.Resource] = why
	}
}

// Seen is nil if each of these resources ("networkpolicies") was read whole, and says what was not.
func (f *Facts) Seen(resources ...string) error {
	var errs []error
	for _, r := range resources {
		if err := f.unseen[r]; err != nil {
			errs = append(errs, fmt.Errorf("%s could not be read: %w", r, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", f.Cluster.Name, err)
	}
	return nil
}

func (c *Cluster) list(ctx context.Context, r resource) (all []*unstructured.Unstructured, err error) {
	namespace := c.Namespace
	if r.everywhere {
		namespace = ""
	}
	options := metav1.ListOptions{Limit: pageItems}
	for len(all) <= maxItems {
		page, err := c.objects.Resource(r.GroupVersionResource).Namespace(namespace).List(ctx, options)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			all = append(all, &page.Items[i])
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("there are more than %d", maxItems)
}

// secrets asks for metadata alone, and drops the annotations: kubectl keeps a copy of what was applied in one.
func (c *Cluster) secrets(ctx context.Context) (all []Secret, err error) {
	options := metav1.ListOptions{Limit: pageItems}
	for len(all) <= maxItems {
		page, err := c.metadata.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(c.Namespace).List(ctx, options)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Items {
			one := Secret{Name: s.Name, Labels: s.Labels, Account: s.Annotations[corev1.ServiceAccountNameKey]}
			for _, o := range s.OwnerReferences {
				one.Owners = append(one.Owners, o.Kind+" "+o.Name)
			}
			all = append(all, one)
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("there are more than %d", maxItems)
}

// gather puts together what was read.
func (f *Facts) gather(read map[string][]*unstructured.Unstructured) {
	makers := map[string]*unstructured.Unstructured{} // by uid
	for _, list := range read {
		for _, u := range list {
			makers[string(u.GetUID())] = u
		}
	}
	by := func(u *unstructured.Unstructured) (kind, name string) {
		top := maker(makers, u)
		return top.GetKind(), top.GetName()
	}
	var kept []*unstructured.Unstructured
	for _, name := range slices.Sorted(maps.Keys(read)) {
		for _, u := range read[name] {
			switch name {
			case "secretproviderclasspodstatuses":
				f.Statuses = append(f.Statuses, status(u))
				continue
			case "replicasets", "jobs", "pods":
				// Of what others have made the makers stand for it; a pod that has ended is nobody's risk any more.
				if name != "pods" && len(u.GetOwnerReferences()) > 0 || name == "pods" && ended(u) {
					continue
				}
			}
			if name == "pods" {
				var p Pod
				if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &p.Pod); err != nil {
					f.unseen["pods"] = fmt.Errorf("pod %s/%s: %w", u.GetNamespace(), u.GetName(), err)
					continue
				}
				p.By.Namespace, p.By.File = u.GetNamespace(), f.Cluster.Name
				p.By.Kind, p.By.Name = by(u)
				f.Pods = append(f.Pods, p)
				if u.GetNamespace() != f.Cluster.Namespace {
					continue
				}
			}
			kept = append(kept, u)
		}
	}
	set, err := kube.Collected(f.Cluster.Name, f.Cluster.Namespace, kept, by)
	if err != nil { // which of them it was, the error says
		f.missed(err)
	}
	f.Set = set
}

func ended(u *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(u.Object, "status", "phase")
	return phase == string(corev1.PodSucceeded) || phase == string(corev1.PodFailed)
}

// maxMakers is how many stand above one another: of a pod a ReplicaSet and a Deployment, or a Job and a CronJob.
const maxMakers = 4

// maker is who made an object in the end, as far as that was read.
func maker(makers map[string]*unstructured.Unstructured, u *unstructured.Unstructured) *unstructured.Unstructured {
	for range maxMakers {
		owner := metav1.GetControllerOf(u)
		if owner == nil || makers[string(owner.UID)] == nil {
			return u
		}
		u = makers[string(owner.UID)]
	}
	return u
}

func status(u *unstructured.Unstructured) (s Status) {
	s.Pod, _, _ = unstructured.NestedString(u.Object, "status", "podName")
	s.Class, _, _ = unstructured.NestedString(u.Object, "status", "secretProviderClassName")
	s.Mounted, _, _ = unstructured.NestedBool(u.Object, "status", "mounted")
	objects, _, _ := unstructured.NestedSlice(u.Object, "status", "objects")
	s.Objects = len(objects)
	return s
}
