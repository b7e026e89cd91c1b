package ports

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

// The bounds of Forwarded.
const (
	maxChains   = 1 << 12
	maxForwards = 1 << 14
)

// Numbers of protocols, as IANA gives them.
const (
	protocolTCP = 6
	protocolUDP = 17
)

// Forwarded returns the destinations that packet rules change, in the network namespace of this process: rules of nftables, and of the iptables that is made
// of it. What narrows a rule otherwise (an interface, where a packet comes from) is left out, and a condition that is not understood counts as none: rather
// a port too many than one too few. It needs CAP_NET_ADMIN; the error is ErrRules where it cannot look.
func Forwarded(ctx context.Context) ([]Forward, error) {
	if names, err := os.ReadFile("/proc/thread-self/net/ip_tables_names"); err == nil && bytes.Contains(names, []byte("nat")) {
		return nil, fmt.Errorf("%w: the iptables of before nftables has a table nat here", ErrRules)
	}
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRules, err)
	}
	chains, err := conn.ListChains()
	if err != nil {
		return nil, fmt.Errorf("%w: list chains: %w", ErrRules, err)
	}
	if len(chains) > maxChains {
		return nil, fmt.Errorf("%w: there are more than %d chains", ErrRules, maxChains)
	}
	var all []Forward
	for _, c := range chains {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rules, err := conn.GetRules(c.Table, c)
		if err != nil {
			return nil, fmt.Errorf("%w: rules of chain %s: %w", ErrRules, c.Name, err)
		}
		where := fmt.Sprintf("%s %s %s", family(c.Table.Family), c.Table.Name, c.Name)
		for _, r := range rules {
			found, err := forwardsOf(r.Exprs, c.Table.Family, func(set string) ([]span, error) { return portsOf(conn, c.Table, set) })
			if err != nil {
				return nil, fmt.Errorf("%w: a set of chain %s: %w", ErrRules, c.Name, err)
			}
			for _, f := range found {
				f.Rule = where
				all = append(all, f)
			}
		}
		if len(all) > maxForwards {
			return nil, fmt.Errorf("%w: more than %d change where packets go", ErrRules, maxForwards)
		}
	}
	sortForwards(all)
	return all, nil
}

func family(f nftables.TableFamily) string {
	switch f {
	case nftables.TableFamilyIPv4:
		return "ip"
	case nftables.TableFamilyIPv6:
		return "ip6"
	case nftables.TableFamilyINet:
		return "inet"
	}
	return fmt.Sprintf("family %d", f)
}

// register is what a rule has loaded: a field of the packet, or a value.
type register struct {
	field field
	mask  []byte // what is compared of it; nil for all
	value []byte
}

type field int

const (
	unknown field = iota
	destination
	destinationPort
	protocol
)

// reading follows the expressions of one rule.
type reading struct {
	forward   Forward
	changes   bool
	registers map[uint32]register
	sets      []string // that hold the ports
}

// forwardsOf reads a rule: none if it leaves destinations as they are, one for each span of ports otherwise.
func forwardsOf(exprs []expr.Any, f nftables.TableFamily, set func(name string) ([]span, error)) ([]Forward, error) {
	anywhere := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if f == nftables.TableFamilyIPv6 {
		anywhere = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	r := reading{forward: Forward{To: anywhere, Last: 65535}, registers: map[uint32]register{}}
	for _, e := range exprs {
		r.read(e)
	}
	if !r.changes {
		return nil, nil
	}
	if len(r.sets) == 0 {
		return []Forward{r.forward}, nil
	}
	var all []Forward
	for _, name := range r.sets {
		spans, err := set(name)
		if err != nil {
			return nil, err
		}
		for _, s := range spans {
			one := r.forward
			one.First, one.Last = s.first, s.last
			all = append(all, one)
		}
	}
	return all, nil
}

// span is the ports from first to last.
type span struct{ first, last uint16 }

// portsOf are those of a set. Of one with spans the kernel tells where each begins, and the first port after it; the last one may have no end.
func portsOf(conn *nftables.Conn, table *nftables.Table, name string) ([]span, error) {
	set, err := conn.GetSetByName(table, name)
	if err != nil {
		return nil, err
	}
	elements, err := conn.GetSetElements(set)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(elements, func(a, b nftables.SetElement) int {
		return cmp.Or(bytes.Compare(a.Key, b.Key), -compareBools(a.IntervalEnd, b.IntervalEnd))
	})
	var spans []span
	for _, e := range elements {
		if len(e.Key) < 2 {
			return nil, fmt.Errorf("set %s is none of ports", name)
		}
		port := binary.BigEndian.Uint16(e.Key)
		switch {
		case !e.IntervalEnd && set.Interval:
			spans = append(spans, span{port, 65535})
		case !e.IntervalEnd:
			spans = append(spans, span{port, port})
		case len(spans) > 0: // the first element may be an end, of what is before the first span
			spans[len(spans)-1].last = port - 1
		}
	}
	return spans, nil
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (r *reading) read(e expr.Any) {
	switch e := e.(type) {
	case *expr.Payload:
		if e.OperationType == expr.PayloadLoad {
			r.registers[e.DestRegister] = register{field: payloadField(e)}
		}
	case *expr.Meta:
		if !e.SourceRegister {
			loaded := register{}
			if e.Key == expr.MetaKeyL4PROTO {
				loaded.field = protocol
			}
			r.registers[e.Register] = loaded
		}
	case *expr.Bitwise:
		from := r.registers[e.SourceRegister]
		from.mask = e.Mask
		r.registers[e.DestRegister] = from
	case *expr.Immediate:
		r.registers[e.Register] = register{value: e.Data}
	case *expr.Cmp:
		r.compare(r.registers[e.Register], e.Op, e.Data)
	case *expr.Range:
		if e.Op == expr.CmpOpEq && r.registers[e.Register].field == destinationPort && len(e.FromData) == 2 && len(e.ToData) == 2 {
			r.forward.First, r.forward.Last = binary.BigEndian.Uint16(e.FromData), binary.BigEndian.Uint16(e.ToData)
		}
	case *expr.Lookup:
		if r.registers[e.SourceRegister].field == destinationPort && !e.Invert && !e.IsDestRegSet {
			r.sets = append(r.sets, e.SetName)
		}
	case *expr.Match:
		r.match(e)
	case *expr.Target:
		r.target(e)
	case *expr.NAT:
		if e.Type == expr.NATTypeDestNAT {
			r.changes = true
			r.forward.Target = target(r.registers[e.RegAddrMin].value, r.registers[e.RegProtoMin].value)
		}
	case *expr.Redir:
		r.changes = true
		r.forward.Target = target(netip.IPv4Unspecified().AsSlice(), r.registers[e.RegisterProtoMin].value)
	}
}

// payloadField tells which field of a packet is loaded, by its place in the headers of IPv4, IPv6, and TCP or UDP.
func payloadField(e *expr.Payload) field {
	switch {
	case e.Base == expr.PayloadBaseNetworkHeader && (e.Offset == 16 && e.Len <= 4 || e.Offset == 24 && e.Len <= 16): // of a network, its bytes only
		return destination
	case e.Base == expr.PayloadBaseTransportHeader && e.Offset == 2 && e.Len == 2:
		return destinationPort
	case e.Base == expr.PayloadBaseNetworkHeader && (e.Offset == 9 || e.Offset == 6) && e.Len == 1:
		return protocol
	}
	return unknown
}

func (r *reading) compare(with register, op expr.CmpOp, data []byte) {
	switch with.field {
	case destination:
		if op != expr.CmpOpEq { // what is for all but one address is for others
			return
		}
		whole := make([]byte, r.forward.To.Addr().BitLen()/8)
		if len(whole) == 4 && len(data) > 4 { // in a table of both
			whole = make([]byte, 16)
		}
		ones := 8 * len(data)
		if with.mask != nil {
			ones = 0
			for _, b := range with.mask {
				ones += bits.OnesCount8(b)
			}
		}
		copy(whole, data)
		if address, ok := netip.AddrFromSlice(whole); ok {
			r.forward.To = netip.PrefixFrom(address, min(ones, address.BitLen()))
		}
	case destinationPort:
		if len(data) != 2 || with.mask != nil {
			return
		}
		port := binary.BigEndian.Uint16(data)
		switch op {
		case expr.CmpOpEq:
			r.forward.First, r.forward.Last = port, port
		case expr.CmpOpGte:
			r.forward.First = port
		case expr.CmpOpLte:
			r.forward.Last = port
		}
	case protocol:
		if op == expr.CmpOpEq && len(data) == 1 {
			switch data[0] {
			case protocolTCP:
				r.forward.Protocol = "tcp"
			case protocolUDP:
				r.forward.Protocol = "udp"
			default:
				r.forward.Protocol = fmt.Sprintf("protocol %d", data[0])
			}
		}
	}
}

// match reads a condition as iptables writes it.
func (r *reading) match(e *expr.Match) {
	switch m := e.Info.(type) {
	case *xt.Tcp:
		r.forward.Protocol = "tcp"
		if m.InvFlags&xt.TcpInvDestPorts == 0 {
			r.forward.First, r.forward.Last = m.DstPorts[0], m.DstPorts[1]
		}
	case *xt.Udp:
		r.forward.Protocol = "udp"
		if m.InvFlags&xt.UdpInvDestPorts == 0 {
			r.forward.First, r.forward.Last = m.DstPorts[0], m.DstPorts[1]
		}
	}
}

// target reads what iptables does with a packet.
func (r *reading) target(e *expr.Target) {
	if e.Name != "DNAT" && e.Name != "REDIRECT" && !strings.HasPrefix(e.Name, "NETMAP") {
		return
	}
	r.changes = true
	var found xt.NatRange
	switch info := e.Info.(type) {
	case *xt.NatRange:
		found = *info
	case *xt.NatRange2:
		found = info.NatRange
	case *xt.NatIPv4MultiRangeCompat:
		if len(*info) > 0 {
			found.MinIP, found.MinPort = (*info)[0].MinIP, (*info)[0].MinPort
		}
	}
	if address, ok := netip.AddrFromSlice(found.MinIP); ok {
		r.forward.Target = netip.AddrPortFrom(address.Unmap(), found.MinPort)
	}
}

func target(address, port []byte) netip.AddrPort {
	a, ok := netip.AddrFromSlice(address)
	if !ok {
		return netip.AddrPort{}
	}
	n := uint16(0)
	if len(port) >= 2 {
		n = binary.BigEndian.Uint16(port)
	}
	return netip.AddrPortFrom(a, n)
}
