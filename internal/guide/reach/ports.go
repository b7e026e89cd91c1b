package reach

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Interval is the ports from First to Last, both included.
type Interval struct{ First, Last uint16 }

const (
	firstPort = 1 // port 0 cannot be connected to
	lastPort  = 65535
)

// protocols are those a policy can name, in the order that sets are written in.
var protocols = [...]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

func protocolIndex(p corev1.Protocol) (int, bool) {
	i := slices.Index(protocols[:], p)
	return i, i >= 0
}

// Ports is a set of ports, 1 to 65535, of TCP, UDP and SCTP. Its zero value is the empty set. A set never changes: operations return new ones.
type Ports struct {
	of [len(protocols)][]Interval // sorted, with a gap between each two
}

// Everything is each port of each protocol.
func Everything() Ports {
	var p Ports
	for i := range p.of {
		p.of[i] = []Interval{{firstPort, lastPort}}
	}
	return p
}

// TCP is a set of single ports; 0 is none.
func TCP(ports ...uint16) Ports { return singles(0, ports) }

// UDP is a set of single ports; 0 is none.
func UDP(ports ...uint16) Ports { return singles(1, ports) }

func singles(protocol int, ports []uint16) Ports {
	var all portList
	for _, port := range ports {
		all.add(span(protocol, port, port))
	}
	return all.ports()
}

// portList unites many sets at once.
type portList [len(protocols)][]Interval

func (l *portList) add(p Ports) {
	for i := range l {
		l[i] = append(l[i], p.of[i]...)
	}
}

func (l *portList) ports() (p Ports) {
	for i := range l {
		p.of[i] = joined(l[i])
	}
	return p
}

func span(protocol int, first, last uint16) (p Ports) {
	first = max(first, firstPort)
	if first <= last {
		p.of[protocol] = []Interval{{first, last}}
	}
	return p
}

// Intervals are the set's ports of one protocol, ascending, with a gap between each two; none for a protocol that policies do not know.
func (p Ports) Intervals(protocol corev1.Protocol) []Interval {
	i, ok := protocolIndex(protocol)
	if !ok {
		return nil
	}
	return slices.Clone(p.of[i])
}

// Has tells whether the set holds the port.
func (p Ports) Has(protocol corev1.Protocol, port uint16) bool {
	i, ok := protocolIndex(protocol)
	return ok && slices.ContainsFunc(p.of[i], func(v Interval) bool { return v.First <= port && port <= v.Last })
}

// Empty tells whether the set holds no port.
func (p Ports) Empty() bool {
	for _, list := range p.of {
		if len(list) > 0 {
			return false
		}
	}
	return true
}

// Equal tells whether both sets hold the same ports.
func (p Ports) Equal(q Ports) bool {
	for i := range p.of {
		if !slices.Equal(p.of[i], q.of[i]) {
			return false
		}
	}
	return true
}

// Contains tells whether each port of q is in p.
func (p Ports) Contains(q Ports) bool { return q.Minus(p).Empty() }

// Union is the ports of either.
func (p Ports) Union(q Ports) (r Ports) {
	for i := range r.of {
		r.of[i] = unite(p.of[i], q.of[i])
	}
	return r
}

// Intersect is the ports of both.
func (p Ports) Intersect(q Ports) (r Ports) {
	for i := range r.of {
		r.of[i] = meet(p.of[i], q.of[i])
	}
	return r
}

// Minus is the ports of p that are not in q.
func (p Ports) Minus(q Ports) (r Ports) {
	for i := range r.of {
		r.of[i] = meet(p.of[i], others(q.of[i]))
	}
	return r
}

func unite(a, b []Interval) []Interval {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return joined(slices.Concat(a, b))
}

// joined sorts the intervals, which it may move, and makes one of those that overlap or touch.
func joined(all []Interval) []Interval {
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(x, y Interval) int { return int(x.First) - int(y.First) })
	merged := all[:1]
	for _, v := range all[1:] {
		last := &merged[len(merged)-1]
		if int(v.First) > int(last.Last)+1 {
			merged = append(merged, v)
			continue
		}
		last.Last = max(last.Last, v.Last)
	}
	return merged
}

func meet(a, b []Interval) (both []Interval) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		first, last := max(a[i].First, b[j].First), min(a[i].Last, b[j].Last)
		if first <= last {
			both = append(both, Interval{first, last})
		}
		if a[i].Last < b[j].Last {
			i++
		} else {
			j++
		}
	}
	return both
}

// others are the ports of a protocol that are not in the list.
func others(a []Interval) (rest []Interval) {
	next := firstPort
	for _, v := range a {
		if int(v.First) > next {
			rest = append(rest, Interval{uint16(next), v.First - 1})
		}
		next = int(v.Last) + 1
	}
	if next <= lastPort {
		rest = append(rest, Interval{uint16(next), lastPort})
	}
	return rest
}

// key is the same text for equal sets and for no others.
func (p Ports) key() string {
	var b []byte
	for _, list := range p.of {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, v := range list {
			b = binary.BigEndian.AppendUint16(b, v.First)
			b = binary.BigEndian.AppendUint16(b, v.Last)
		}
	}
	return string(b)
}

const (
	nothing    = "nothing"
	everything = "everything"
)

// String writes the set as ParsePorts reads it: "nothing", "everything", "80/TCP, 8000-8080/TCP, all UDP".
func (p Ports) String() string {
	full := Everything()
	switch {
	case p.Empty():
		return nothing
	case p.Equal(full):
		return everything
	}
	var parts []string
	for i, protocol := range protocols {
		if slices.Equal(p.of[i], full.of[i]) {
			parts = append(parts, "all "+string(protocol))
			continue
		}
		for _, v := range p.of[i] {
			text := strconv.Itoa(int(v.First))
			if v.Last != v.First {
				text += "-" + strconv.Itoa(int(v.Last))
			}
			parts = append(parts, text+"/"+string(protocol))
		}
	}
	return strings.Join(parts, ", ")
}

// ParsePorts reads what String writes. Its errors quote the part that cannot be read.
func ParsePorts(text string) (Ports, error) {
	switch text {
	case nothing:
		return Ports{}, nil
	case everything:
		return Everything(), nil
	}
	var all portList
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		p, err := parsePart(part)
		if err != nil {
			return Ports{}, fmt.Errorf("ports %q: %w: write them like 5432/TCP, 8000-8080/TCP or all UDP", part, err)
		}
		all.add(p)
	}
	return all.ports(), nil
}

func parsePart(part string) (Ports, error) {
	if name, ok := strings.CutPrefix(part, "all "); ok {
		i, ok := protocolIndex(corev1.Protocol(name))
		if !ok {
			return Ports{}, fmt.Errorf("%q is none of TCP, UDP and SCTP", name)
		}
		return span(i, firstPort, lastPort), nil
	}
	numbers, name, _ := strings.Cut(part, "/")
	i, ok := protocolIndex(corev1.Protocol(name))
	if !ok {
		return Ports{}, fmt.Errorf("%q is none of TCP, UDP and SCTP", name)
	}
	from, to, isSpan := strings.Cut(numbers, "-")
	if !isSpan {
		to = from
	}
	first, err := strconv.ParseUint(from, 10, 16)
	if err != nil || first < firstPort {
		return Ports{}, fmt.Errorf("%q is no number from 1 to 65535", from)
	}
	last, err := strconv.ParseUint(to, 10, 16)
	if err != nil || last < first {
		return Ports{}, fmt.Errorf("%q is no number from %d to 65535", to, first)
	}
	return span(i, uint16(first), uint16(last)), nil
}

// MarshalText is String, so that a set is a text in JSON.
func (p Ports) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePorts.
func (p *Ports) UnmarshalText(text []byte) error {
	q, err := ParsePorts(string(text))
	if err != nil {
		return err
	}
	*p = q
	return nil
}
