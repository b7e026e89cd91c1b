package kube

import (
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/resource"
)

// maxKnown is how many objects are remembered; those that come later are read each time.
const maxKnown = 10_000

// Known are objects that have been read, so that one that comes again, in another overlay or in a tree of which something else is changed, is not read again. It is
// safe for concurrent use, and its zero value is ready.
type Known struct {
	mu      sync.Mutex
	decoder *decoder
	objects map[string]runtime.Object // by their text
}

// errNoText is that an object of kustomize's cannot be written down.
var errNoText = errors.New("write it down")

// object is one of kustomize's, read strictly.
func (k *Known) object(r *resource.Resource) (runtime.Object, error) {
	text, err := r.RNode.String()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoText, err)
	}
	d, known, err := k.look(text)
	if err != nil || known != nil {
		return known, err
	}
	inJSON, err := r.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoText, err)
	}
	value, err := d.decode(inJSON)
	if err != nil {
		return nil, err
	}
	return k.keep(text, value), nil
}

func (k *Known) look(text string) (*decoder, runtime.Object, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.decoder == nil {
		d, err := newDecoder()
		if err != nil {
			return nil, nil, err
		}
		k.decoder, k.objects = &d, map[string]runtime.Object{}
	}
	return k.decoder, k.objects[text], nil
}

// keep gives the one that is kept: somebody else may have read the same meanwhile.
func (k *Known) keep(text string, value runtime.Object) runtime.Object {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was := k.objects[text]; was != nil {
		return was
	}
	if len(k.objects) < maxKnown {
		k.objects[text] = value
	}
	return value
}
