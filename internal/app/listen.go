package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// localhost is the one name that may stand in an address to listen on; what it means is looked up when it is used.
const localhost = "localhost"

// checkLoopback refuses an address that others could reach: the local network gives money to everyone who asks.
func checkLoopback(flag, address string) error {
	if host, port, err := net.SplitHostPort(address); err == nil && host == localhost {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s=%s is not an address with a port, such as 127.0.0.1:4000; of names, only localhost can be used", flag, address)
	}
	if !at.Addr().IsLoopback() {
		return fmt.Errorf("%s=%s can be reached from outside, and a local network with open faucets must not be: use 127.0.0.1", flag, address)
	}
	return nil
}

// checkListen refuses what is no address with a port. Whom it can be reached by is decided by whoever runs the server.
func checkListen(variable, address string) error {
	at := address
	if strings.HasPrefix(at, ":") {
		at = "0.0.0.0" + at
	}
	if _, err := netip.ParseAddrPort(at); err != nil {
		return fmt.Errorf("%s=%s is not an address with a port, such as :3000 or 127.0.0.1:3000", variable, address)
	}
	return nil
}

// lookup finds a name's addresses; net.Resolver.LookupNetIP is one.
type lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// resolved is an address that checkLoopback let pass with localhost in it turned into the number it stands for, if that is this machine's alone.
func resolved(ctx context.Context, flag, address string, find lookup) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host != localhost {
		return address, nil
	}
	found, err := find(ctx, "ip", localhost)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%s=%s: this machine does not know what localhost is: write 127.0.0.1:%s", flag, address, port)
	}
	first := found[0].Unmap()
	for _, ip := range found {
		if ip = ip.Unmap(); !ip.IsLoopback() {
			return "", fmt.Errorf("%s=%s: localhost is %s on this machine, which can be reached from outside: write 127.0.0.1:%s", flag, address, ip, port)
		}
		if ip.Is4() && !first.Is4() {
			first = ip
		}
	}
	return net.JoinHostPort(first.String(), port), nil
}

func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	number, err := resolved(ctx, flag, address, net.DefaultResolver.LookupNetIP)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", number)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s=%s is taken by another program: stop that, or take a free port with :0", flag, address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s=%s: %w", flag, address, err)
	}
	return l, nil
}

// Bounds of every HTTP server of ours.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 2 * time.Minute // above the longest wait that a route allows
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	shutdownTimeout   = 5 * time.Second
)

// serve answers on the listener until ctx ends, then lets running requests finish for shutdownTimeout.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		stopped <- srv.Shutdown(bounded)
	})
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	err := <-stopped
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close() // what still runs is cut off before what it works with is closed
	}
	if err != nil {
		return fmt.Errorf("stop serving on %s: %w", l.Addr(), err)
	}
	return nil
}
