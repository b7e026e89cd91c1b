package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// ErrUnresolved is wrapped by the error about images whose registry did not say what they are.
var ErrUnresolved = errors.New("not resolved")

// Resolver says what a reference with a tag is now: the digest of its manifest, or, of an image for several platforms, of its index.
type Resolver func(ctx context.Context, reference string) (digest string, err error)

// Bounds of asking registries.
const (
	// askedAtOnce is how many are asked at the same time.
	askedAtOnce = 4
	// answerWithin is how long one may take, tries included; tries is how often it is asked when it does not answer.
	answerWithin = time.Minute
	tries        = 3
)

// FromRegistries asks the registry that a reference names, as whoever the machine's own settings (docker login) say. The digest is that of the manifest that
// came, computed here by the library: what a registry says about it in a header counts for nothing. Registries on the machine itself are asked without TLS.
func FromRegistries(transport http.RoundTripper) Resolver {
	return func(ctx context.Context, reference string) (string, error) {
		tag, err := tagged(reference)
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		backoff := remote.Backoff{Duration: time.Second, Factor: 2, Steps: tries}
		d, err := remote.Get(tag, remote.WithContext(ctx), remote.WithTransport(transport), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithRetryBackoff(backoff),
			remote.WithUserAgent("escrowctl"))
		if err != nil {
			return "", err
		}
		if !d.MediaType.IsIndex() && !d.MediaType.IsImage() {
			return "", fmt.Errorf("it is %s, and no image", d.MediaType)
		}
		return d.Digest.String(), nil
	}
}

// Resolve returns the lock with the digest of each image as it is now. It is all or nothing: if one image cannot be resolved the error, which wraps ErrUnresolved,
// names every such image with its reason, and the lock that comes back is empty.
func (l Lock) Resolve(ctx context.Context, resolve Resolver) (Lock, error) {
	now := Lock{Images: make([]Locked, len(l.Images))}
	errs := make([]error, len(l.Images))
	places := make(chan struct{}, askedAtOnce)
	var all sync.WaitGroup
	for i, image := range l.Images {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			digest, err := resolve(ctx, image.Reference)
			if err == nil {
				_, err = v1.NewHash(digest) // a resolver that answers nothing has resolved nothing
			}
			if err != nil {
				errs[i] = fmt.Errorf("image %s (%s) is %w: %w", image.Name, image.Reference, ErrUnresolved, err)
				return
			}
			image.Digest = digest
			now.Images[i] = image
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return Lock{}, err
	}
	return now, nil
}

// Change is an image whose tag names something else than the lock says.
type Change struct {
	Image Locked // as it was locked
	Now   string // its digest now
}

// String says it in a line.
func (c Change) String() string {
	if c.Image.Digest == "" {
		return fmt.Sprintf("%s: %s is %s", c.Image.Name, c.Image.Reference, c.Now)
	}
	return fmt.Sprintf("%s: %s was %s, is %s", c.Image.Name, c.Image.Reference, c.Image.Digest, c.Now)
}

// Changes compares a lock with what Resolve has made of it.
func (l Lock) Changes(now Lock) []Change {
	var all []Change
	for i, image := range l.Images {
		if image.Digest != now.Images[i].Digest {
			all = append(all, Change{Image: image, Now: now.Images[i].Digest})
		}
	}
	return all
}
