//go:build linux

package csifiles

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// Node is what Start uses of a node of test/parts/kubenode.
type Node interface {
	Kubeconfig() string
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	ExecInput(ctx context.Context, input []byte, name string, args ...string) ([]byte, error)
	Inside(do func() error) error
}

const (
	registerWithin = time.Minute // a kubelet looks into its folder of plugins every second
	apiWithin      = 20 * time.Second
)

// Start installs Manifests and serves as the node's driver until the test is over; name is the node's. It returns when the kubelet has taken it. store is
// where the secrets are: a file each, named as the secret, such as stellar-escrow/production/database; what is written there later is taken up at the next
// republish, which is the kubelet's: within its syncFrequency and a half.
func Start(t testing.TB, n Node, name, store string) {
	t.Helper()
	if _, err := n.ExecInput(t.Context(), Manifests, "kubectl", "apply", "-f", "-"); err != nil {
		t.Fatalf("install the stand-in for the secrets driver: %v", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", n.Kubeconfig())
	if err != nil {
		t.Fatalf("read the node's kubeconfig: %v", err)
	}
	config.Dial, config.Timeout = n.Dial, apiWithin
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatalf("read the node's kubeconfig: %v", err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatalf("read the node's kubeconfig: %v", err)
	}
	taken := make(chan error, 1)
	p := &plugin{
		node: name, api: objects, secrets: NewSecrets(api), store: os.DirFS(store), volumes: onNode{n.Inside},
		registered: func(err error) {
			select {
			case taken <- err:
			default: // a kubelet that was started again says so once more
			}
		},
	}
	serve(t, n, endpoint, func(s *grpc.Server) {
		csi.RegisterIdentityServer(s, p)
		csi.RegisterNodeServer(s, p)
	})
	serve(t, n, registry, func(s *grpc.Server) { registration.RegisterRegistrationServer(s, p) })
	select {
	case err := <-taken:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(registerWithin):
		t.Fatalf("the kubelet has not found the stand-in for the secrets driver within %s", registerWithin)
	}
}

// serve answers on a socket inside the node until the test is over.
func serve(t testing.TB, n Node, path string, register func(*grpc.Server)) {
	t.Helper()
	var l net.Listener
	err := n.Inside(func() (err error) {
		if err = os.MkdirAll(filepath.Dir(path), fs.FileMode(0o750)); err == nil {
			l, err = net.Listen("unix", path)
		}
		return err
	})
	if err != nil {
		t.Fatalf("listen on %s inside the node: %v", path, err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // outside the node the path is another's
	s := grpc.NewServer()
	register(s)
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Serve(l); err != nil {
			t.Errorf("the stand-in for the secrets driver ended: %v", err)
		}
	})
	t.Cleanup(func() {
		s.Stop()
		running.Wait()
	})
}
