package reach

import "fmt"

// Row is one line of a table of what shall be open.
type Row struct {
	From   string `json:"from"` // names of parties
	To     string `json:"to"`
	Ports  Ports  `json:"ports"`
	Reason string `json:"reason,omitempty"`
}

// Table is what shall be open, and all of it: what no row says shall be shut. Rows about the same two add up.
type Table []Row

// Gap is ports between two parties where graph and table differ.
type Gap struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Ports Ports  `json:"ports"`
}

func (g Gap) String() string { return fmt.Sprintf("%s to %s: %s", g.From, g.To, g.Ports) }

// maxGaps is how many gaps of each sort a Difference lists.
const maxGaps = 10_000

// Difference is where graph and table differ, ordered as Graph.Parties, by From and then To.
type Difference struct {
	Missing []Gap `json:"missing,omitempty"` // shall be open, and is not certain to be
	Surplus []Gap `json:"surplus,omitempty"` // is possibly open, and no row says that it shall
	More    int   `json:"more,omitempty"`    // how many further gaps are not listed
	Pairs   int   `json:"pairs"`             // how many pairs were looked at: none is no agreement
}

// Agrees tells whether something was looked at and nothing differs.
func (d Difference) Agrees() bool { return d.Pairs > 0 && len(d.Missing)+len(d.Surplus) == 0 }

// Compare holds what is open, by both sides' policies, against the table. It looks at the pairs of which one is in about, all pairs if about is
// empty; each row must be of such a pair. It is an error if a row or about names a party that there is not.
func (g *Graph) Compare(t Table, about ...string) (Difference, error) {
	want, who, err := g.read(t, about)
	if err != nil {
		return Difference{}, err
	}
	look := func(from, to int) bool { return len(who) == 0 || who[from] || who[to] }
	s := g.numbers()
	return g.compare(s, want, look, func(from, to int) answer {
		out, in := g.side(Egress, from, to), g.side(Ingress, to, from)
		return answer{certain: s.meet(out.certain, in.certain), possible: s.meet(out.possible, in.possible)}
	})
}

// CompareSide is Compare by the policies of one side only: with Ingress it looks at what is accepted by the parties of about (by all pods, if it
// is empty), with Egress at what they let out.
func (g *Graph) CompareSide(d Direction, t Table, about ...string) (Difference, error) {
	want, who, err := g.read(t, about)
	if err != nil {
		return Difference{}, err
	}
	held := func(from, to int) int {
		if d == Ingress {
			return to
		}
		return from
	}
	look := func(from, to int) bool {
		h := held(from, to)
		return g.parties[h].Kind != Outside && (len(who) == 0 || who[h])
	}
	return g.compare(g.numbers(), want, look, func(from, to int) answer {
		h := held(from, to)
		return g.side(d, h, from+to-h)
	})
}

// Against holds the graph against another of the same parties, as a cluster's policies against those of the tree: Missing is open there and not
// here, Surplus is open here and not there, each be it for certain or possibly. It is an error if a party is in one of them only.
func (g *Graph) Against(other *Graph) (Difference, error) {
	for _, pair := range [2][2]*Graph{{g, other}, {other, g}} {
		for _, p := range pair[0].parties {
			if _, ok := pair[1].index[p.Name]; !ok {
				return Difference{}, fmt.Errorf("compare two graphs: %q is in one of them only", p.Name)
			}
		}
	}
	d := Difference{}
	for pair, here := range g.All() {
		there, err := other.Open(pair.From, pair.To)
		if err != nil {
			return Difference{}, err // one has it as a range and the other as pods
		}
		d.Pairs++
		from, to := g.index[pair.From], g.index[pair.To]
		g.note(&d, &d.Missing, from, to, there.Certain.Minus(here.Certain).Union(there.Possible.Minus(here.Possible)))
		g.note(&d, &d.Surplus, from, to, here.Certain.Minus(there.Certain).Union(here.Possible.Minus(there.Possible)))
	}
	return d, nil
}

// note adds a gap to a list of a difference, if there is one, and room.
func (g *Graph) note(d *Difference, list *[]Gap, from, to int, ports Ports) {
	switch {
	case ports.Empty():
	case len(*list) == maxGaps:
		d.More++
	default:
		*list = append(*list, Gap{g.parties[from].Name, g.parties[to].Name, ports})
	}
}

// intent is the ports of the rows about a pair, and one of these rows.
type intent struct {
	ports Ports
	row   int
}

func (g *Graph) read(t Table, about []string) (want map[[2]int]intent, who map[int]bool, err error) {
	want, who = map[[2]int]intent{}, map[int]bool{}
	for i, r := range t {
		from, to, err := g.pair(r.From, r.To)
		if err != nil {
			return nil, nil, fmt.Errorf("row %d of the table, %s to %s: %w", i+1, r.From, r.To, err)
		}
		k := [2]int{from, to}
		want[k] = intent{want[k].ports.Union(r.Ports), i + 1}
	}
	for _, name := range about {
		i, ok := g.index[name]
		if !ok {
			return nil, nil, fmt.Errorf("compare with the table: there is no endpoint or range called %q", name)
		}
		who[i] = true
	}
	return want, who, nil
}

func (g *Graph) compare(s *sets, want map[[2]int]intent, look func(from, to int) bool, open func(from, to int) answer) (Difference, error) {
	idle := intent{}
	for k, w := range want {
		if !look(k[0], k[1]) && (idle.row == 0 || w.row < idle.row) {
			idle = w
		}
	}
	if idle.row > 0 {
		return Difference{}, fmt.Errorf("row %d of the table is about none of those that were asked about: leave it out", idle.row)
	}
	d := Difference{}
	for from, p := range g.parties {
		for to, q := range g.parties {
			if p.Kind == Outside && q.Kind == Outside || !look(from, to) {
				continue
			}
			d.Pairs++
			is, shall := open(from, to), want[[2]int{from, to}].ports
			if is.possible == noPorts && shall.Empty() {
				continue // as nearly all are
			}
			g.note(&d, &d.Missing, from, to, shall.Minus(s.list[is.certain]))
			g.note(&d, &d.Surplus, from, to, s.list[is.possible].Minus(shall))
		}
	}
	return d, nil
}
