package cluster

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// The bounds of what is asked.
const (
	requestWait = 15 * time.Second // for one answer
	together    = 8                // questions at once
	pageItems   = 500              // in one answer
	maxItems    = 20_000           // of one resource
	maxAnswer   = 16 << 20         // bytes of one answer
)

// Cluster is one that can be asked.
type Cluster struct {
	// Name is how reports call it: "cluster" and the context's name.
	Name      string
	Namespace string // the platform's

	objects  dynamic.Interface
	metadata metadata.Interface
	server   discovery.DiscoveryInterface
	reviews  *rest.RESTClient
}

// Open reads the kubeconfig; it asks the cluster nothing yet. The error names the file or the context that is missing.
func Open(t facts.Cluster) (*Cluster, error) {
	config, err := Config(t)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Name: "cluster " + t.Context, Namespace: t.Namespace}
	if c.objects, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", t.Context, err)
	}
	if c.metadata, err = metadata.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", t.Context, err)
	}
	if c.server, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", t.Context, err)
	}
	if c.reviews, err = reviewer(config); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", t.Context, err)
	}
	return c, nil
}

// Config is how the cluster is reached.
func Config(t facts.Cluster) (*rest.Config, error) {
	file, err := clientcmd.LoadFromFile(t.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	if _, ok := file.Contexts[t.Context]; !ok {
		return nil, fmt.Errorf("kubeconfig %s has no context %q", t.Kubeconfig, t.Context)
	}
	if err := clientcmd.ResolveLocalPaths(file); err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", t.Kubeconfig, err)
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*file, t.Context, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s, context %s: %w", t.Kubeconfig, t.Context, err)
	}
	config.UserAgent = "escrowctl audit"
	config.Timeout = requestWait
	config.WarningHandler = rest.NoWarnings{} // of what is asked about or broken on purpose
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return bounded{next} })
	config.QPS = -1 // what is asked is bounded; to hold it back would only make it slow
	return config, nil
}

// bounded ends answers that are longer than any page of what is asked for: the client reads each whole into memory.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = &body{answer.Body, maxAnswer}
	}
	return answer, err
}

type body struct {
	io.ReadCloser
	left int
}

func (b *body) Read(into []byte) (int, error) {
	if b.left == 0 {
		return 0, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	n, err := b.ReadCloser.Read(into[:min(len(into), b.left)])
	b.left -= n
	return n, err
}

// quiet has the client say what goes wrong in its errors alone: it would write into the program's standard error too.
func quiet(ctx context.Context) context.Context { return klog.NewContext(ctx, logr.Discard()) }

// Objects is how objects are read and changed, for whoever breaks a cluster on purpose.
func (c *Cluster) Objects(group, version, resource string) dynamic.NamespaceableResourceInterface {
	return c.objects.Resource(schema.GroupVersionResource{Group: group, Version: version, Resource: resource})
}
