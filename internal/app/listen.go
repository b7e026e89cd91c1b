package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// checkLoopback refuses an address that others could reach: the local network gives money to everyone who asks.
func checkLoopback(flag, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s=%s is not an address with a port, such as 127.0.0.1:4000", flag, address)
	}
	if !at.Addr().IsLoopback() {
		return fmt.Errorf("%s=%s can be reached from outside, and a local network with open faucets must not be: use 127.0.0.1", flag, address)
	}
	return nil
}

func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s=%s is taken by another program: stop that, or take a free port with :0", flag, address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s=%s: %w", flag, address, err)
	}
	return l, nil
}

// door is where a handler will be: until it is opened, closed answers.
type door struct {
	closed http.Handler
	opened atomic.Pointer[http.Handler]
}

func (d *door) open(h http.Handler) { d.opened.Store(&h) }

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := d.opened.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	d.closed.ServeHTTP(w, r)
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
