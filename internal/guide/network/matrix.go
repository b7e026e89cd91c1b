package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// anybody is everybody who is not named: pods that could be started, and addresses that no row speaks of.
const anybody = "anybody else"

// Matrix is the picture of N1 to N7 in production: every part of the platform, and whoever stands outside, each to each. It is an error where the manifests cannot be read.
func Matrix(t *facts.Tree) (*guide.Matrix, error) {
	p, err := lookAtProduction(t)
	if err != nil {
		return nil, err
	}
	return p.matrix()
}

// RunningMatrix is the same of the cluster that the targets name. It is an error where it cannot be asked.
func RunningMatrix(ctx context.Context, s *facts.System) (*guide.Matrix, error) {
	p, err := lookAtRunning(ctx, s)
	if err != nil {
		return nil, err
	}
	return p.matrix()
}

func (p *platform) matrix() (*guide.Matrix, error) {
	var named []string
	for _, n := range []string{ingress, agent, dns, internet, six} {
		if slices.Contains(p.others, n) {
			named = append(named, n)
		}
	}
	parts := slices.Clone(p.parts)
	slices.SortFunc(parts, func(a, b string) int { return rank(a) - rank(b) })
	all := append(slices.Concat(parts, named), anybody)
	m := &guide.Matrix{Rows: all, Columns: all}
	for _, from := range all {
		line := make([]guide.Link, len(all))
		for i, to := range all {
			link, err := p.link(from, to)
			if err != nil {
				return nil, err
			}
			line[i] = link
		}
		m.Cells = append(m.Cells, line)
	}
	return m, nil
}

// rank is the order of the guide's table, then of the additions.
func rank(part string) int {
	order := []string{client, api, indexer, postgres, redis, prometheus, alertmanager, grafana, loki, backup}
	if i := slices.Index(order, part); i >= 0 {
		return i
	}
	return len(order)
}

// parties are whom a name of the matrix stands for.
func (p *platform) parties(name string) []string {
	if name != anybody {
		return []string{name}
	}
	return slices.DeleteFunc(slices.Clone(p.others), func(n string) bool { return slices.Contains([]string{ingress, agent, dns, internet, six}, n) })
}

// side is one side of a link: what the rows of the part ask for, and what its policies let through.
type side struct {
	held           bool // the part is of the platform, so that rows speak of it
	asked, guides  reach.Ports
	reasons        []string
	certain, might reach.Ports
}

func (p *platform) link(from, to string) (guide.Link, error) {
	ours := slices.Contains(p.parts, from) || slices.Contains(p.parts, to)
	if !ours {
		return guide.Link{State: guide.Closed}, nil // what passes between two strangers is not the platform's
	}
	out, in := p.rows(reach.Egress, from, to), p.rows(reach.Ingress, to, from)
	var open, certain reach.Ports
	for i, a := range p.parties(from) {
		for j, b := range p.parties(to) {
			both, err := p.graph.Open(a, b)
			if err != nil {
				return guide.Link{}, err
			}
			outside, err := p.graph.Side(reach.Egress, a, b)
			if err != nil {
				return guide.Link{}, err
			}
			inside, err := p.graph.Side(reach.Ingress, a, b)
			if err != nil {
				return guide.Link{}, err
			}
			open = open.Union(both.Possible)
			out.might, in.might = out.might.Union(outside.Possible), in.might.Union(inside.Possible)
			if i+j == 0 {
				certain, out.certain, in.certain = both.Certain, outside.Certain, inside.Certain
				continue
			}
			certain, out.certain, in.certain = certain.Intersect(both.Certain), out.certain.Intersect(outside.Certain), in.certain.Intersect(inside.Certain)
		}
	}
	return p.judged(from, to, out, in, open, certain), nil
}

// judged says what a link is. The worst comes first.
func (p *platform) judged(from, to string, out, in side, open, certain reach.Ports) guide.Link {
	asked, guides := reach.Everything(), reach.Everything()
	var missing, half reach.Ports
	var reasons []string
	for _, s := range []side{out, in} {
		if !s.held {
			continue
		}
		asked, guides = asked.Intersect(s.asked), guides.Intersect(s.guides)
		missing, half = missing.Union(s.asked.Minus(s.certain)), half.Union(s.might.Minus(s.asked))
		reasons = append(reasons, s.reasons...)
	}
	surplus := open.Minus(asked)
	why := strings.Join(slices.Compact(reasons), "; ")
	switch {
	case !surplus.Empty():
		return guide.Link{State: guide.Surplus, Open: surplus.String(), Why: p.rule(from, to, surplus)}
	case !missing.Empty():
		return guide.Link{State: guide.Shut, Open: missing.String(), Why: "a row has it, and no rule lets it through"}
	case !half.Empty():
		return guide.Link{State: guide.HalfOpen, Open: half.String(), Why: "the other side still shuts it"}
	case !asked.Empty() && asked.Minus(guides).Empty():
		return guide.Link{State: guide.Wanted, Open: certain.String()}
	case !asked.Empty():
		return guide.Link{State: guide.Added, Open: certain.String(), Why: why}
	case out.held && in.held && !out.asked.Union(in.asked).Empty():
		one, other := to+" accepts it", from+" may not send it"
		if in.asked.Empty() {
			one, other = from+" may send it", to+" does not accept it"
		}
		return guide.Link{State: guide.OneSided, Open: out.asked.Union(in.asked).String(), Why: one + ", " + other}
	case from == to:
		return guide.Link{State: guide.Self}
	}
	return guide.Link{State: guide.Closed}
}

// rule names the rules that let a surplus through.
func (p *platform) rule(from, to string, ports reach.Ports) string {
	for _, a := range p.parties(from) {
		for _, b := range p.parties(to) {
			why, err := p.graph.Explain(a, b)
			if err != nil || why.Open.Possible.Intersect(ports).Empty() {
				continue
			}
			var rules []string
			for _, s := range []reach.Verdict{why.Egress, why.Ingress} {
				for _, allow := range s.Allows {
					if !allow.Open.Possible.Intersect(ports).Empty() {
						rules = append(rules, allow.Rule.String())
					}
				}
			}
			who := ""
			if from == anybody {
				who = a + ": "
			} else if to == anybody {
				who = b + ": "
			}
			if len(rules) == 0 {
				return who + "no policy holds either side"
			}
			return fmt.Sprintf("%sby %s", who, strings.Join(rules, " and "))
		}
	}
	return ""
}

// rows are what the rows of a part say of one other.
func (p *platform) rows(d reach.Direction, part, other string) side {
	s := side{held: slices.Contains(p.parts, part)}
	for i, list := range [][]row{guideRows(), additions()} {
		for _, r := range list {
			if r.part != part {
				continue
			}
			ways := r.in
			if d == reach.Egress {
				ways = r.out
			}
			for _, w := range ways {
				if w.From+w.To != other {
					continue
				}
				s.asked = s.asked.Union(w.Ports)
				if i == 0 || other == dns {
					s.guides = s.guides.Union(w.Ports)
				} else {
					s.reasons = append(s.reasons, w.Reason)
				}
			}
		}
	}
	return s
}
