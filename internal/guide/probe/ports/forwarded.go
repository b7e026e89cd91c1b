package ports

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Forward is what a packet rule hands on to another address: a port without a socket, which is open all the same.
type Forward struct {
	Protocol string       // tcp, udp, or protocol N; empty where the rule does not say
	To       netip.Prefix // the addresses that it is for; of 0 bits for every one
	// First and Last are the ports that it is for, 0 and 65535 where the rule does not say.
	First, Last uint16
	// Target is where it goes: on the same port if it has none, not valid where the rule takes it from elsewhere.
	Target netip.AddrPort
	Rule   string // which rule: family, table and chain
}

// Loopback tells that only this machine, or this namespace, can reach it.
func (f Forward) Loopback() bool {
	return f.To.Addr().IsLoopback() && (f.To.Addr().Is6() && f.To.Bits() == 128 || f.To.Addr().Is4() && f.To.Bits() >= 8)
}

// Covers tells whether it is for TCP on a port.
func (f Forward) Covers(port uint16) bool {
	return (f.Protocol == "tcp" || f.Protocol == "") && f.First <= port && port <= f.Last
}

func (f Forward) String() string {
	protocol := cmp.Or(f.Protocol, "any protocol")
	ports := fmt.Sprint(f.First)
	switch {
	case f.First == 0 && f.Last == 65535:
		ports = "every port"
	case f.First != f.Last:
		ports = fmt.Sprintf("%d-%d", f.First, f.Last)
	}
	to := f.To.String()
	switch {
	case f.To.Bits() == 0:
		to = "every address"
	case f.To.IsSingleIP():
		to = f.To.Addr().String()
	}
	target := "elsewhere"
	switch {
	case f.Target.IsValid() && f.Target.Port() != 0:
		target = f.Target.String()
	case f.Target.IsValid():
		target = f.Target.Addr().String()
	}
	return fmt.Sprintf("%s %s %s to %s by %s", protocol, to, ports, target, f.Rule)
}

// ErrRules is returned by Forwarded where the packet rules cannot be read: without the right to (CAP_NET_ADMIN), on another system than Linux, or where the
// machine has rules of the kind before nftables.
var ErrRules = errors.New("packet rules cannot be read")

func sortForwards(all []Forward) {
	slices.SortFunc(all, func(a, b Forward) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Protocol, b.Protocol), a.To.Addr().Compare(b.To.Addr()), cmp.Compare(a.Rule, b.Rule))
	})
}
