package opinions

import (
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// given is what a tool was shown, for who reads its answer.
type given struct {
	names   []string
	objects map[string]guide.Place
}

func (g given) has(name string) bool { return slices.Contains(g.names, name) }

// within is a path below the folder that the tool stands in.
func within(name string) string { return strings.TrimPrefix(strings.TrimPrefix(name, "./"), "/") }

// object is an object of the overlay by the name that checkov has for it, "Deployment.stellar-escrow.api", and where it stands.
func (g given) object(resource, name string) (string, guide.Place) {
	kind, rest, _ := strings.Cut(resource, ".")
	namespace, own, _ := strings.Cut(rest, ".")
	for _, key := range []string{kind + " " + namespace + "/" + own, kind + " " + own, kind + " " + rest} {
		if at, ok := g.objects[key]; ok {
			return key, at
		}
	}
	return name, guide.Place{File: rendered}
}
