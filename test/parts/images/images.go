//go:build unix

package images

import (
	"errors"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// Image is one image of the stack, as an archive that docker load, skopeo and ctr images import read.
type Image struct {
	// Name is that of its part, as docker-compose.yml has it.
	Name string
	// Reference is what it is called once it is loaded: localhost/stellar-escrow/NAME:test.
	Reference string
	// Archive is the file's path. It stays for at least an hour.
	Archive string
	// Digest is that of its manifest, sha256:…, the one that a registry and containerd know it by.
	Digest string
}

const install = "apt-get install -y --no-install-recommends buildah crun, and run the test as root"

// buildTimeout bounds the building of one image, with nothing kept from before: it compiles all modules on however slow a machine.
const buildTimeout = 20 * time.Minute

// Build builds what it is asked for and has not kept. A name that is none of the stack's, and a build that fails, end the test; so does a part that is
// missing, as package parts says. Several processes may ask at once: one builds, the others wait for it.
func Build(t testing.TB, names ...string) map[string]Image {
	t.Helper()
	w := newWorkshop(t)
	defer w.close()
	built := map[string]Image{}
	for _, name := range names {
		began := time.Now()
		image, err := w.image(t.Context(), name)
		var missing *missingError
		if errors.As(err, &missing) {
			parts.Missing(t, missing.what, missing.install)
		}
		if err != nil {
			t.Fatalf("image %s: %v", name, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Logf("image %s: built in %s: %s", name, took.Round(100*time.Millisecond), image.Digest)
		}
		built[name] = image
	}
	return built
}

// Prepared tells whether Build has what it does not build by itself for an image: where it has not, somebody has to prepare it.
func Prepared(name string) (bool, error) {
	it, ok := standIns[name]
	if !ok || it.program == nil || !it.program.slow {
		return true, nil
	}
	dir, err := cache.Folder(kind)
	if err != nil {
		return false, err
	}
	return it.program.present(dir) == nil, nil
}

// missingError is about a part that this machine has not.
type missingError struct{ what, install string }

func (e *missingError) Error() string { return e.what + " is missing: " + e.install }

// reference is what an image is called once it is loaded.
func reference(name string) string { return "localhost/stellar-escrow/" + name + ":test" }

// ours are the images that the repository has a Dockerfile for.
var ours = []string{"api", "client", "indexer", "backup"}
