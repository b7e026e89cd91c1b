package secrets

import (
	"os"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// What a part may hold it does hold: a row that nobody needs any more would let somebody have what it names.
func TestEveryUseIsOne(t *testing.T) {
	set, err := deployment.Rendered(facts.Open(os.DirFS("../../..")))
	if err != nil {
		t.Fatal(err)
	}
	classes, synced := fetches(set)
	looked := 0
	for part, secrets := range uses() {
		got := map[string][]string{}
		for _, w := range deployment.Workloads(set) {
			if w.Pod.Labels["app.kubernetes.io/name"] != part {
				continue
			}
			for _, m := range mounted(w.Pod.Spec) {
				of := classes[m.class]
				if m.secret != "" {
					of = synced[m.secret]
				}
				for file, key := range of {
					if form := pathForm.FindStringSubmatch(key.path); form != nil && (m.items == nil || slices.Contains(m.items, file)) {
						got[form[2]] = append(got[form[2]], key.key)
					}
				}
			}
		}
		for path, keys := range secrets {
			for _, key := range keys {
				if looked++; !slices.Contains(got[path], key) {
					t.Errorf("%s does not hold %s of %s: take it from the table", part, key, path)
				}
			}
		}
	}
	if looked < 20 {
		t.Errorf("only %d were looked at", looked)
	}
}
