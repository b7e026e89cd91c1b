package reach

import (
	"errors"
	"fmt"
	"iter"
)

// ErrTooLarge is returned, wrapped, for a cluster that would take longer than a few seconds.
var ErrTooLarge = errors.New("too large to be looked at")

// Open is what one party may open connections to on another.
type Open struct {
	Certain  Ports `json:"certain"`  // whatever addresses the two have
	Possible Ports `json:"possible"` // for some of the addresses that they may have; holds Certain
}

// Graph is the answers about one Cluster. It does not change and may be used by several goroutines at once.
type Graph struct {
	parties  []party
	index    map[string]int
	policies []policy
	compiled compiler

	classOf  []int   // of each party
	classes  []class // parties that no rule tells apart
	profiles [2][]profile
	sets     []Ports
	rows     [2][][]answer // by direction, profile and class: what the policies of the profile let pass between its pods and the class
}

// answer is an Open by numbers.
type answer struct{ certain, possible int32 }

// New looks at the whole cluster. It returns everything wrong with it at once: policies that no API server takes, names that stand twice.
func New(c Cluster) (*Graph, error) {
	if n := len(c.Endpoints) + len(c.Ranges); n > maxParties {
		return nil, fmt.Errorf("%d endpoints and ranges: %w: at most %d", n, ErrTooLarge, maxParties)
	}
	if n := len(c.Policies); n > maxPolicies {
		return nil, fmt.Errorf("%d policies: %w: at most %d", n, ErrTooLarge, maxPolicies)
	}
	g := &Graph{index: map[string]int{}}
	var errs []error
	for _, p := range c.Policies {
		compiled, err := g.compiled.compile(p)
		errs = append(errs, err)
		g.policies = append(g.policies, compiled)
	}
	wanted := map[namedPort]bool{}
	for _, spec := range g.compiled.specs.list {
		for _, n := range spec.names {
			wanted[n] = true
		}
	}
	var err error
	g.parties, err = readParties(c, wanted)
	errs = append(errs, err)
	spaces, err := namespaceLabels(c, g.parties)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("compute who reaches whom: %w", err)
	}
	for i, p := range g.parties {
		g.index[p.Name] = i
	}
	b := builder{Graph: g, ports: newSets()}
	if err := b.build(spaces); err != nil {
		return nil, fmt.Errorf("compute who reaches whom: %w", err)
	}
	g.sets = b.ports.list
	return g, nil
}

// Parties are all endpoints, then all ranges, as they were given.
func (g *Graph) Parties() []Party {
	all := make([]Party, len(g.parties))
	for i, p := range g.parties {
		all[i] = p.Party
	}
	return all
}

// Open is what from may open on to, by both sides' policies. An endpoint and itself are two pods of it. It is an error when there is no such
// party, or when both are outside: what passes between them this cluster does not decide.
func (g *Graph) Open(from, to string) (Open, error) {
	a, b, err := g.pair(from, to)
	if err != nil {
		return Open{}, err
	}
	out, in := g.side(Egress, a, b), g.side(Ingress, b, a)
	return Open{
		Certain:  g.sets[out.certain].Intersect(g.sets[in.certain]),
		Possible: g.sets[out.possible].Intersect(g.sets[in.possible]),
	}, nil
}

// Side is the same by the policies of one side only: Egress what those of from let out, Ingress what those of to let in. A row of the guide's
// table may stand on one side alone (see its api, which accepts from client).
func (g *Graph) Side(d Direction, from, to string) (Open, error) {
	a, b, err := g.pair(from, to)
	if err != nil {
		return Open{}, err
	}
	if d == Ingress {
		a, b = b, a
	}
	s := g.side(d, a, b)
	return Open{Certain: g.sets[s.certain], Possible: g.sets[s.possible]}, nil
}

func (g *Graph) pair(from, to string) (a, b int, err error) {
	a, ok := g.index[from]
	if !ok {
		return 0, 0, fmt.Errorf("there is no endpoint or range called %q", from)
	}
	b, ok = g.index[to]
	if !ok {
		return 0, 0, fmt.Errorf("there is no endpoint or range called %q", to)
	}
	if g.parties[a].Kind == Outside && g.parties[b].Kind == Outside {
		return 0, 0, fmt.Errorf("%q and %q are both outside: no policy of the cluster is between them", from, to)
	}
	return a, b, nil
}

// side is what the policies that hold one party let pass between it and another.
func (g *Graph) side(d Direction, held, other int) answer {
	return g.classSide(d, g.classOf[held], g.classOf[other])
}

func (g *Graph) classSide(d Direction, held, other int) answer {
	profile := g.classes[held].profiles[d]
	if profile < 0 {
		return answer{everyPorts, everyPorts}
	}
	a := g.rows[d][profile][other]
	if g.classes[other].kind == Host {
		a.possible = everyPorts // it may run on the node of any pod, which no policy keeps from it
	}
	return a
}

// numbers is the graph's sets under their numbers, to unite and intersect on: the graph itself does not change.
func (g *Graph) numbers() *sets {
	s := newSets()
	for _, p := range g.sets {
		s.id(p)
	}
	return s
}

// Pair is a connection's two ends, by their names.
type Pair struct{ From, To string }

// All is every pair and what is open between its two, ordered as Parties; two ranges are no pair.
func (g *Graph) All() iter.Seq2[Pair, Open] {
	return func(yield func(Pair, Open) bool) {
		s := g.numbers()
		row, of := make([]answer, len(g.classes)), -1
		for i, from := range g.parties {
			if class := g.classOf[i]; class != of {
				of = class
				for other := range g.classes {
					out, in := g.classSide(Egress, class, other), g.classSide(Ingress, other, class)
					row[other] = answer{s.meet(out.certain, in.certain), s.meet(out.possible, in.possible)}
				}
			}
			for j, to := range g.parties {
				if from.Kind == Outside && to.Kind == Outside {
					continue
				}
				a := row[g.classOf[j]]
				if !yield(Pair{from.Name, to.Name}, Open{Certain: s.list[a.certain], Possible: s.list[a.possible]}) {
					return
				}
			}
		}
	}
}
