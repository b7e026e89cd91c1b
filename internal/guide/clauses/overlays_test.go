package clauses

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// instead is a copy of the manifests in which another overlay stands where production does, and production beside it.
func instead(t *testing.T, overlay string) *facts.Tree {
	t.Helper()
	dir := t.TempDir()
	overlays := filepath.Join(dir, "k8s", "overlays")
	if err := os.CopyFS(filepath.Join(dir, "k8s"), os.DirFS(filepath.Join(root, "k8s"))); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "monitoring"), os.DirFS(filepath.Join(root, "monitoring"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(overlays, "production"), filepath.Join(overlays, "beside")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(overlays, overlay), filepath.Join(overlays, "production")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(overlays, "production", "kustomization.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "../production", "../beside")), 0o600); err != nil {
		t.Fatal(err)
	}
	return facts.Open(os.DirFS(dir))
}

// managed is the rule by which a part reaches the stores that the cloud runs.
var managed = regexp.MustCompile(`^(5432/TCP|6379/TCP|5432/TCP, 6379/TCP): .* by stellar-escrow/managed-(postgres|redis) `)

// The guide is about production; the overlays beside it are held to it as well, but for what makes them different.
func TestOtherOverlays(t *testing.T) {
	ids := []string{"N1", "N2", "N3", "N4", "N5", "N6", "N7", "S1", "S2", "S3", "S4", "P1", "P2", "P3"}
	for overlay, differs := range map[string]map[string][]string{
		// Each environment's secrets are its own; the guide names production's.
		"dev":     {"S2": {"missing-key", "surplus-key"}},
		"staging": {"S2": {"missing-key", "surplus-key"}},
		// The managed stores are no pods: whom they let in, security groups say (infra/terraform). The way to them leads to their subnets, in which, as far
		// as the manifests tell, there could be anybody.
		"production-managed": {"N1": {"surplus-connection"}, "N3": {"surplus-connection"}, "N4": {"surplus-connection"}, "N5": {"no-such-part"}, "N6": {"no-such-part"}, "S3": {"not-mounted"}},
	} {
		t.Run(overlay, func(t *testing.T) {
			controls := slices.DeleteFunc(slices.Clone(whole(t).Controls()), func(c guide.Control) bool { return !slices.Contains(ids, c.ID) })
			if len(controls) != len(ids) {
				t.Fatalf("%d controls for %v", len(controls), ids)
			}
			r := guide.Audit(t.Context(), controls, guide.Asked{Tree: instead(t, overlay), Within: time.Minute, Now: time.Now})
			for _, c := range r.Clauses {
				modes := map[string]bool{}
				for _, f := range c.Tree.Findings() {
					modes[f.Mode] = true
					if f.Mode == "surplus-connection" && !managed.MatchString(f.Detail) {
						t.Errorf("%s: %s: %s", c.Control.ID, f.Subject, f.Detail)
					}
				}
				got := slices.Sorted(maps.Keys(modes))
				if verdict := c.Tree.Verdict(); verdict == guide.NotEvidenced || !slices.Equal(got, differs[c.Control.ID]) {
					t.Errorf("%s: %s, ways to fail %v, want %v: %v", c.Control.ID, verdict, got, differs[c.Control.ID], c.Tree.Findings())
				}
			}
		})
	}
}
