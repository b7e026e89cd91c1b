//go:build unix

package images

import (
	"testing"
	"time"
)

// asked is how long Build may take for what it has kept.
const asked = time.Second

// TestOurImagesAreBuiltAndKept builds the four, and then asks again.
func TestOurImagesAreBuiltAndKept(t *testing.T) {
	first := Build(t, ours...)
	began := time.Now()
	again := Build(t, ours...)
	if took := time.Since(began); took > asked {
		t.Errorf("asking for %d images that were kept took %s, longer than %s", len(ours), took, asked)
	}
	for _, name := range ours {
		if first[name] != again[name] || first[name].Reference != "localhost/stellar-escrow/"+name+":test" {
			t.Errorf("%s: first %+v, then %+v", name, first[name], again[name])
		}
	}
}
