package ports

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"
)

// Contact is what became of a connection to an address.
type Contact struct {
	Address netip.AddrPort
	Open    bool  // somebody took it
	Err     error // why it could not be told; nil where the other side refused
}

// The bounds of Reachable.
const (
	MaxContacts = 1024
	contactWait = time.Second
)

// Reachable connects by TCP to each port at each address, and closes at once. It tells what is forwarded by packet rules and so has no
// socket. A refusal is an answer; silence (a firewall that drops) is one too, since nobody was let in.
func Reachable(ctx context.Context, addresses []netip.Addr, numbers []uint16) ([]Contact, error) {
	if n := len(addresses) * len(numbers); n == 0 || n > MaxContacts {
		return nil, fmt.Errorf("connect to %d addresses and %d ports: there must be at least one and at most %d pairs", len(addresses), len(numbers), MaxContacts)
	}
	var contacts []Contact
	for _, a := range addresses {
		for _, n := range numbers {
			if err := ctx.Err(); err != nil {
				return contacts, err
			}
			contacts = append(contacts, contact(ctx, netip.AddrPortFrom(a, n)))
		}
	}
	return contacts, nil
}

func contact(ctx context.Context, to netip.AddrPort) Contact {
	c := Contact{Address: to}
	wait, cancel := context.WithTimeout(ctx, contactWait)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(wait, "tcp", to.String())
	switch {
	case err == nil:
		c.Open = true
		_ = conn.Close() // nothing was said
	case ctx.Err() != nil:
		c.Err = ctx.Err()
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
	default:
		c.Err = err
	}
	return c
}

// Addresses are this machine's own that others may reach it by: none of loopback, nor link-local ones.
func Addresses() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	var own []netip.Addr
	for _, a := range all {
		network, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(network.IP)
		if ip = ip.Unmap(); ok && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !slices.Contains(own, ip) {
			own = append(own, ip)
		}
	}
	return own, nil
}
