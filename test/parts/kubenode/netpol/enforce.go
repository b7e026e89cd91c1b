package netpol

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	// gather is how long changes are gathered before the table is written anew: a rollout changes many pods at once.
	gather = 50 * time.Millisecond
	// again is when a table that nft did not take is tried once more.
	again = time.Second
	// loadWithin bounds one call of nft.
	loadWithin = 30 * time.Second
)

// Options say where an Enforcer stands.
type Options struct {
	API     kubernetes.Interface
	Network netip.Prefix                              // the pods' addresses
	Node    netip.Addr                                // of these, the node's own
	Load    func(ctx context.Context, r string) error // hands rules to `nft -f -` on the node
	Out     io.Writer                                 // a line each time the rules change, or cannot be put in place
	Known   func()                                    // called once, when those that were there at the start are in the rules; nil for nobody to call
}

// Enforce holds the node's pods to their policies until ctx ends. Before it has heard of any pod, it cuts them all off.
func Enforce(ctx context.Context, o Options) error {
	first, err := Rules(State{}, o.Network, o.Node)
	if err != nil {
		return err
	}
	if err := o.Load(ctx, first); err != nil {
		return err
	}
	f := informers.NewSharedInformerFactory(o.API, 0)
	namespaces, pods, policies := f.Core().V1().Namespaces(), f.Core().V1().Pods(), f.Networking().V1().NetworkPolicies()
	changed := make(chan struct{}, 1)
	tell := func(any) {
		select {
		case changed <- struct{}{}:
		default: // it is told already
		}
	}
	heard := cache.ResourceEventHandlerFuncs{AddFunc: tell, UpdateFunc: func(_, _ any) { tell(nil) }, DeleteFunc: tell}
	for _, i := range []cache.SharedIndexInformer{namespaces.Informer(), pods.Informer(), policies.Informer()} {
		if _, err := i.AddEventHandler(heard); err != nil {
			return fmt.Errorf("watch the API: %w", err)
		}
	}
	f.Start(ctx.Done())
	defer f.Shutdown()
	for what, ok := range f.WaitForCacheSync(ctx.Done()) {
		if !ok {
			return fmt.Errorf("list %v: the API did not answer before this was stopped", what)
		}
	}
	tell(nil)
	known := o.Known
	for last := first; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		if !pause(ctx, gather) {
			return nil
		}
		s, err := now(namespaces.Lister(), pods.Lister(), policies.Lister())
		if err != nil {
			return err
		}
		rules, err := Rules(s, o.Network, o.Node)
		if err == nil && rules != last {
			err = o.Load(ctx, rules)
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			// What stood there before stays: a pod of since then is not known to it, and so is cut off.
			fmt.Fprintf(o.Out, "the rules of before stay: %v\n", err)
			time.AfterFunc(again, func() { tell(nil) })
			continue
		}
		if rules != last {
			last = rules
			fmt.Fprintf(o.Out, "%d policies, %d pods\n", len(s.Policies), len(s.pods()))
		}
		if known != nil {
			known()
			known = nil
		}
	}
}

// pause waits, and tells whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// now is what the informers know.
func now(n corelisters.NamespaceLister, p corelisters.PodLister, q networkinglisters.NetworkPolicyLister) (s State, err error) {
	if s.Namespaces, err = n.List(labels.Everything()); err != nil {
		return s, fmt.Errorf("list namespaces: %w", err)
	}
	if s.Pods, err = p.List(labels.Everything()); err != nil {
		return s, fmt.Errorf("list pods: %w", err)
	}
	if s.Policies, err = q.List(labels.Everything()); err != nil {
		return s, fmt.Errorf("list network policies: %w", err)
	}
	return s, nil
}
