//go:build linux

package outside

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/stack/enter"
)

// Where things are. The names end in .test, which nobody can register.
const (
	Box        = "203.0.113.1"  // the stack's own public address
	host       = "203.0.113.10" // the outside's
	NameServer = "203.0.113.53"
	Site       = "escrow.test"      // the name of the stack's front door
	RPC        = "rpc.stellar.test" // of the Stellar network's RPC server, https on :443
	responder  = "ocsp.authority.test"
)

// Outside is the world outside one box.
type Outside struct {
	Authority *Authority
	chain     chain
	network   string // file of its network namespace
}

// Start connects a host to a box, by the id of a process inside as it is seen from here, and starts what is on it. stellarescrow is the built program.
func Start(t testing.TB, box int, stellarescrow string) *Outside {
	t.Helper()
	parts.Program(t, "ip", "apt-get install iproute2")
	o := &Outside{network: fmt.Sprintf("/proc/%d/root/run/netns/outside", box)}
	o.connect(t, box)
	var err error
	if o.Authority, err = newAuthority(time.Now(), "http://"+responder); err != nil {
		t.Fatal(err)
	}
	o.serve(t, "udp", NameServer+":53", names{
		Site: netip.MustParseAddr(Box), RPC: netip.MustParseAddr(host), responder: netip.MustParseAddr(host),
	})
	o.web(t, host+":80", nil, o.Authority)
	o.startChain(t, box, stellarescrow)
	certificate, err := o.Authority.pair(RPC)
	if err != nil {
		t.Fatal(err)
	}
	o.web(t, host+":443", &certificate, o.rpcOnly(t))
	return o
}

// connect lays the cable: outside0 in the box, eth0 in a namespace beside it. The box sends there whatever it has no nearer way for, as a machine's default
// route has it; nothing is forwarded there.
func (o *Outside) connect(t testing.TB, box int) {
	t.Helper()
	for _, line := range []string{
		"netns add outside",
		"link add outside0 type veth peer name eth0 netns outside",
		"addr add " + Box + "/24 dev outside0",
		"link set outside0 up",
		"-n outside link set lo up",
		"-n outside addr add " + host + "/24 dev eth0",
		"-n outside addr add " + NameServer + "/24 dev eth0",
		"-n outside link set eth0 up",
		"route add default via " + host,
	} {
		args := append([]string{"--target", strconv.Itoa(box), "--mount", "--net", "--pid", "--", "ip"}, strings.Fields(line)...)
		if out, err := exec.CommandContext(t.Context(), "nsenter", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
}

// Dial connects from the outside to an address of the box or of the outside, whose name the name server knows.
func (o *Outside) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	switch name {
	case Site:
		name = Box
	case RPC, responder:
		name = host
	}
	return enter.Dial(ctx, o.network, network, net.JoinHostPort(name, port))
}

// answerTimeout bounds what is asked from the outside.
const answerTimeout = 30 * time.Second

// Client asks from the outside, and trusts the authority alone.
func (o *Outside) Client() *http.Client {
	return &http.Client{Timeout: answerTimeout, Transport: &http.Transport{
		DialContext: o.Dial, TLSClientConfig: &tls.Config{RootCAs: o.Authority.Roots(), MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 8,
	}}
}

// web serves on the outside until the test ends, over TLS if there is a certificate.
func (o *Outside) web(t testing.TB, address string, certificate *tls.Certificate, handler http.Handler) {
	t.Helper()
	l, err := enter.Listen(context.WithoutCancel(t.Context()), o.network, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if certificate != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: answerTimeout}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; err != http.ErrServerClosed {
			t.Errorf("serve %s: %v", address, err)
		}
	})
}

// maxCall bounds a call of Stellar RPC, in bytes.
const maxCall = 4 << 20

// rpcOnly hands on what is for Stellar RPC.
func (o *Outside) rpcOnly(t testing.TB) http.Handler {
	t.Helper()
	to, err := url.Parse(o.chain.RPC)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.URL.Path = to.Path
		},
		Transport: &http.Transport{DialContext: o.Dial},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		// Whole before anything is handed on: a server that begins to answer closes what it has not read of the question, under the hands of who copies it.
		question, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(question))
		proxy.ServeHTTP(w, r)
	})
}
