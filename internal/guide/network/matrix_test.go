package network

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
)

const root = "../../.."

// states are the links of a matrix that are something else than shut and unasked, by "from to".
func states(m *guide.Matrix) map[string]guide.LinkState {
	all := map[string]guide.LinkState{}
	for i, from := range m.Rows {
		for j, to := range m.Columns {
			if s := m.Cells[i][j].State; s != guide.Closed && s != guide.Self {
				all[from+" to "+to] = s
			}
		}
	}
	return all
}

func TestMatrix(t *testing.T) {
	m, err := Matrix(facts.Open(os.DirFS(root)))
	if err != nil {
		t.Fatal(err)
	}
	got := states(m)
	for pair, want := range map[string]guide.LinkState{
		"client to api": guide.OneSided, "api to postgres": guide.Wanted, "indexer to internet": guide.Wanted, "indexer to cluster DNS": guide.Wanted, "ingress-nginx to api": guide.Wanted,
		"prometheus to api": guide.Added, "log agent to loki": guide.Added, "postgres to api": "", "client to internet": "", "indexer to anybody else": "",
	} {
		if got[pair] != want {
			t.Errorf("%s is %q, want %q", pair, got[pair], want)
		}
	}
	count := map[guide.LinkState]int{}
	for _, s := range got {
		count[s]++
	}
	// What the guide's table and the additions have, counted by hand; api's metrics and the like are in two rows and one link.
	if want := map[guide.LinkState]int{guide.Wanted: 15, guide.Added: 11, guide.OneSided: 1}; !maps.Equal(count, want) {
		t.Errorf("%v, want %v", count, want)
	}
}

// The picture of a cluster that has what the files have is that of the files.
func TestMatrixOfACluster(t *testing.T) {
	tree := facts.Open(os.DirFS(root))
	set, err := deployment.Rendered(tree)
	if err != nil {
		t.Fatal(err)
	}
	p, err := livePlatform(&cluster.Facts{Cluster: &cluster.Cluster{Name: "it", Namespace: deployment.Namespace}, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.matrix()
	if err != nil {
		t.Fatal(err)
	}
	want, err := Matrix(tree)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%v, want\n%v", err, states(got), states(want))
	}
}

// The picture is wrong exactly where the clauses fail: it is never greener than they are.
func TestMatrixIsWrongWhereTheClausesFail(t *testing.T) {
	files := os.DirFS(root)
	whole := facts.Open(files)
	tried := 0
	for _, c := range Controls()[:7] { // N1 to N7
		for _, m := range c.Mutations {
			if m.Mode != missing && m.Mode != surplus {
				continue
			}
			draft := guide.NewDraft(files)
			if err := m.Change(draft); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(draft.Changed())), func(name string) bool { return !strings.HasPrefix(name, "k8s/overlays/") }) {
				continue // an overlay beside production, which the picture is not of
			}
			tried++
			broken, err := Matrix(whole.With(draft.Changed()))
			if err != nil {
				t.Fatal(err)
			}
			found := slices.Collect(maps.Values(states(broken)))
			if !slices.ContainsFunc(found, guide.LinkState.Wrong) {
				t.Errorf("%s, %s: nothing of the picture is wrong", c.ID, m.What)
			}
		}
	}
	if tried < 15 {
		t.Errorf("%d breaks were tried", tried)
	}
	m, err := Matrix(whole)
	if err != nil || slices.ContainsFunc(slices.Collect(maps.Values(states(m))), guide.LinkState.Wrong) {
		t.Errorf("the picture of what holds is wrong: %v, %v", states(m), err)
	}
}

// Each way to be wrong, by what brings it about.
func TestMatrixOfBrokenPolicies(t *testing.T) {
	files := os.DirFS(root)
	for _, c := range []struct {
		control, what, pair string
		want                guide.LinkState
	}{
		{"N6", "the api reaches redis too", "api to redis", guide.HalfOpen},
		{"N5", "backups do not reach the database", "backup to postgres", guide.Shut},
		{"N4", "private addresses count as outside", "indexer to anybody else", guide.Surplus},
		{"N4", "the metadata service can be asked for the node's credentials", "indexer to anybody else", guide.Surplus},
		{"N3", "the api may reach the database on every port", "api to postgres", guide.HalfOpen},
	} {
		all := Controls()
		control := all[slices.IndexFunc(all, func(x guide.Control) bool { return x.ID == c.control })]
		i := slices.IndexFunc(control.Mutations, func(m guide.Mutation) bool { return m.What == c.what })
		if i < 0 {
			t.Fatalf("%s has no break %q", c.control, c.what)
		}
		draft := guide.NewDraft(files)
		if err := control.Mutations[i].Change(draft); err != nil {
			t.Fatal(err)
		}
		m, err := Matrix(facts.Open(files).With(draft.Changed()))
		if err != nil {
			t.Fatal(err)
		}
		if got := states(m)[c.pair]; got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.what, c.pair, got, c.want)
		}
	}
}
