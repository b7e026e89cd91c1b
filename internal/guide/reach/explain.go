package reach

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// PolicyRef is a policy by its name, and where it was written, if that is known.
type PolicyRef struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"` // from 1
}

// String is "stellar-escrow/api" or "stellar-escrow/api (k8s/base/network-policy.yaml:12)".
func (p PolicyRef) String() string {
	text := p.Namespace + "/" + p.Name
	switch {
	case p.File == "":
		return text
	case p.Line == 0:
		return text + " (" + p.File + ")"
	}
	return fmt.Sprintf("%s (%s:%d)", text, p.File, p.Line)
}

// RuleRef is one rule of a policy, and of its peers the one that matters.
type RuleRef struct {
	Policy    PolicyRef `json:"policy"`
	Direction Direction `json:"direction"`
	Rule      int       `json:"rule"` // its place in spec.ingress or spec.egress, from 0
	Peer      int       `json:"peer"` // its place in the rule's from or to, from 0; -1: the rule names no peer, so it means everybody
}

// String is "stellar-escrow/api ingress[0].from[1]".
func (r RuleRef) String() string {
	text := fmt.Sprintf("%s %s[%d]", r.Policy, r.Direction, r.Rule)
	if r.Peer >= 0 {
		text += fmt.Sprintf(".%s[%d]", [...]string{Ingress: "from", Egress: "to"}[r.Direction], r.Peer)
	}
	return text
}

// Allow is a rule that lets something through, and what it lets through by itself.
type Allow struct {
	Rule RuleRef `json:"rule"`
	Open Open    `json:"open"`
}

// Verdict is what the policies of one side come to.
type Verdict struct {
	Direction Direction   `json:"direction"`
	Party     string      `json:"party"` // whose policies they are
	Open      Open        `json:"open"`
	Policies  []PolicyRef `json:"policies,omitempty"` // those that hold the party in this direction; none: everything is open
	Allows    []Allow     `json:"allows,omitempty"`   // the rules that let something through, in the order of the policies
	Note      string      `json:"note,omitempty"`     // why no policy decides, or not alone
}

// Explanation is why an Open is what it is. Both sides must let a connection through.
type Explanation struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Open    Open    `json:"open"`
	Egress  Verdict `json:"egress"`
	Ingress Verdict `json:"ingress"`
}

// Notes of a Verdict.
const (
	noteOutside = "it is outside the cluster, where no policy holds it"
	noteHost    = "it is on its node's network, where no policy holds it"
	noteFree    = "no policy selects it"
	noteNode    = "the other is on a node's network: no policy stands between a pod and its own node"
)

// Explain says why from may or may not open connections to to. Errors are those of Open.
func (g *Graph) Explain(from, to string) (Explanation, error) {
	open, err := g.Open(from, to)
	if err != nil {
		return Explanation{}, err
	}
	a, b := g.index[from], g.index[to]
	return Explanation{From: from, To: to, Open: open, Egress: g.explain(Egress, a, b), Ingress: g.explain(Ingress, b, a)}, nil
}

func (g *Graph) explain(d Direction, held, other int) Verdict {
	h, o := g.parties[held], g.parties[other]
	s := g.side(d, held, other)
	v := Verdict{Direction: d, Party: h.Name, Open: Open{Certain: g.sets[s.certain], Possible: g.sets[s.possible]}}
	profile := g.classes[g.classOf[held]].profiles[d]
	switch {
	case h.Kind == Outside:
		v.Note = noteOutside
	case h.Kind == Host:
		v.Note = noteHost
	case profile < 0:
		v.Note = noteFree
	case o.Kind == Host:
		v.Note = noteNode
	}
	if profile < 0 {
		return v
	}
	target := h // whose named ports are meant
	if d == Egress {
		target = o
	}
	for _, i := range g.profiles[d][profile].policies {
		p := g.policies[i]
		v.Policies = append(v.Policies, p.PolicyRef)
		for n, r := range p.rules[d] {
			ports := g.compiled.specs.list[r.spec].on(target.names)
			ref := RuleRef{Policy: p.PolicyRef, Direction: d, Rule: n, Peer: -1}
			if r.peers == nil && !ports.Empty() {
				v.Allows = append(v.Allows, Allow{ref, Open{ports, ports}})
			}
			for k, peer := range r.peers {
				ref.Peer = k
				some, all := g.finds(peer, other)
				if !some || ports.Empty() {
					continue
				}
				allow := Allow{ref, Open{Possible: ports}}
				if all {
					allow.Open.Certain = ports
				}
				v.Allows = append(v.Allows, allow)
			}
		}
	}
	return v
}

// finds tells whether a rule's peer means some and all of a party's addresses.
func (g *Graph) finds(p peer, other int) (some, all bool) {
	if !p.isBlock {
		found := g.classes[g.classOf[other]].selected.has(p.selector)
		return found, found
	}
	those := g.parties[other].addresses
	return len(p.block.intersect(those)) > 0, len(those.minus(p.block)) == 0
}

// On is the explanation of one port: of the rules, those that let it through.
func (e Explanation) On(protocol corev1.Protocol, port uint16) Explanation {
	one := Ports{}
	if i, ok := protocolIndex(protocol); ok {
		one = span(i, port, port)
	}
	e.Open = e.Open.only(one)
	e.Egress, e.Ingress = e.Egress.only(one), e.Ingress.only(one)
	return e
}

func (v Verdict) only(ports Ports) Verdict {
	v.Open = v.Open.only(ports)
	var left []Allow
	for _, a := range v.Allows {
		if a.Open = a.Open.only(ports); !a.Open.Possible.Empty() {
			left = append(left, a)
		}
	}
	v.Allows = left
	return v
}

func (o Open) only(ports Ports) Open {
	return Open{Certain: o.Certain.Intersect(ports), Possible: o.Possible.Intersect(ports)}
}

// String is "5432/TCP", or "nothing for certain, 443/TCP for some addresses" where the two differ.
func (o Open) String() string {
	if o.Certain.Equal(o.Possible) {
		return o.Certain.String()
	}
	return fmt.Sprintf("%s for certain, %s for some addresses", o.Certain, o.Possible.Minus(o.Certain))
}

// String is a paragraph: what is open, then each side with the rules that decide it.
func (e Explanation) String() string {
	return fmt.Sprintf("%s to %s: %s\n%s%s", e.From, e.To, e.Open, e.Egress.text("out of", e.To), e.Ingress.text("into", e.From))
}

func (v Verdict) text(way, other string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s %s: %s", way, v.Party, v.Open)
	if v.Note != "" {
		fmt.Fprintf(&b, ": %s", v.Note)
	}
	b.WriteByte('\n')
	for _, a := range v.Allows {
		fmt.Fprintf(&b, "    %s lets through %s\n", a.Rule, a.Open)
	}
	if len(v.Allows) == 0 && len(v.Policies) > 0 {
		names := make([]string, len(v.Policies))
		for i, p := range v.Policies {
			names[i] = p.String()
		}
		fmt.Fprintf(&b, "    held by %s; none of their rules lets anything through for %s\n", strings.Join(names, ", "), other)
	}
	return b.String()
}
