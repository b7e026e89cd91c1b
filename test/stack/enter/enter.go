//go:build linux

package enter

import (
	"context"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/Abdullahi130/StellarEscrow/test/parts/thread"
)

// Network runs a function on a thread inside the network namespace that a file stands for, as /proc/<pid>/ns/net. A socket that is opened there stays
// there, whoever uses it later.
func Network(file string, do func() error) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("enter a network: %w", err)
	}
	defer f.Close()
	return thread.Run(func() error {
		if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the network %s: %w", file, err)
		}
		return do()
	})
}

// Dial connects from inside a network to an address (host:port, the host by number: names are looked up on the machine).
func Dial(ctx context.Context, file, network, address string) (conn net.Conn, err error) {
	err = Network(file, func() error {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen listens inside a network.
func Listen(ctx context.Context, file, network, address string) (l net.Listener, err error) {
	err = Network(file, func() error {
		l, err = new(net.ListenConfig).Listen(ctx, network, address)
		return err
	})
	return l, err
}

// ListenPacket is Listen for UDP.
func ListenPacket(ctx context.Context, file, network, address string) (c net.PacketConn, err error) {
	err = Network(file, func() error {
		c, err = new(net.ListenConfig).ListenPacket(ctx, network, address)
		return err
	})
	return c, err
}
