package tlsprobe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// What answers is not to be trusted: each of these costs the time limit at most, and is told as not seen.
func TestServersThatAreNone(t *testing.T) {
	drain := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	trickle := func(conn net.Conn) {
		for _, b := range said(tls12, 0xC02F) {
			if _, err := conn.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	endless := func(record []byte) func(net.Conn) {
		return func(conn net.Conn) {
			go drain(conn)
			for {
				if _, err := conn.Write(record); err != nil {
					return
				}
			}
		}
	}
	for name, c := range map[string]struct {
		handle func(net.Conn)
		want   error
	}{
		"says nothing":        {drain, ErrSilent},
		"trickles":            {trickle, ErrSilent},
		"begins and stops":    {func(conn net.Conn) { conn.Write(said(tls12, 0xC02F)[:30]); drain(conn) }, ErrSilent},
		"speaks HTTP":         {func(conn net.Conn) { conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); drain(conn) }, ErrNoTLS},
		"warns without end":   {endless(record(recordAlert, 1, 112)), ErrNoTLS},
		"records without end": {endless(record(recordHandshake, bytes.Repeat([]byte{2, 0, 0x1f, 0}, 64)...)), ErrNoTLS},
		"closes":              {func(net.Conn) {}, nil},
		"closes the writing":  {func(conn net.Conn) { conn.(*net.TCPConn).CloseWrite(); drain(conn) }, nil},
		"resets":              {func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }, nil},
		"only alerts":         {func(conn net.Conn) { conn.Write(record(recordAlert, 2, 40)) }, nil},
		"an alert of no kind": {func(conn net.Conn) { conn.Write(record(recordAlert, 2, 200)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := listen(t, c.handle)
			p := probe()
			p.Wait = 500 * time.Millisecond
			began := time.Now()
			facts, err := p.Look(t.Context(), Target{Address: address, Name: "escrow.example"})
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			parts := map[string]bool{}
			for _, u := range unseen(err) {
				parts[u.Part] = true
			}
			for _, v := range facts.Versions {
				if v.Accepted || v.Err == nil || !parts[v.Name] {
					t.Errorf("%+v is told of a server that is none", v)
				}
			}
			if len(facts.Versions) != 6 || len(facts.Chains) > 0 || len(facts.ALPN) > 0 {
				t.Errorf("%+v", facts)
			}
		})
	}
}

func TestAServerThatTakesEverything(t *testing.T) {
	all := func(suites []Suite) (ids []uint32) {
		for _, s := range suites {
			ids = append(ids, s.ID)
		}
		return ids
	}
	legacy := all(legacySuites())
	facts, made := versionsOf(t, oldServer{suites: map[version][]uint32{sslv3: legacy, tls12: legacy, tls13: all(modernSuites())}})
	for name, want := range map[string]int{"SSLv3": len(legacy), "TLS 1.1": 0, "TLS 1.2": len(legacy), "TLS 1.3": len(modernSuites())} {
		if v, _ := facts.Version(name); len(v.Suites) != want {
			t.Errorf("%s: %d suites, want %d", name, len(v.Suites), want)
		}
	}
	if most := int64(2*len(legacy) + len(modernSuites()) + 20); made > most {
		t.Errorf("%d connections, expected at most %d", made, most)
	}
}

func TestASuiteThatWasNotOffered(t *testing.T) {
	address, _ := listen(t, oldServer{foreign: 0xBEEF}.serve)
	facts, err := probe().Look(t.Context(), Target{Address: address})
	if v, _ := facts.Version("TLS 1.2"); err == nil || v.Accepted || v.Err == nil {
		t.Errorf("%v: %+v", err, v)
	}
}

func TestOneVersionThatStallsHidesNoOther(t *testing.T) {
	server := oldServer{suites: map[version][]uint32{tls12: {0xC02F}}}
	address, _ := listen(t, func(conn net.Conn) {
		first := make([]byte, 11) // up to the version of the hello
		if _, err := io.ReadFull(conn, first); err != nil {
			return
		}
		if first[9] == 3 && first[10] == 1 {
			io.Copy(io.Discard, conn)
			return
		}
		server.serve(&replayed{conn, io.MultiReader(bytes.NewReader(first), conn)})
	})
	p := probe()
	p.Wait = 300 * time.Millisecond
	facts, err := p.Look(t.Context(), Target{Address: address})
	if v, _ := facts.Version("TLS 1.0"); !errors.Is(v.Err, ErrSilent) || v.Accepted {
		t.Errorf("TLS 1.0: %+v", v)
	}
	if v, _ := facts.Version("TLS 1.2"); v.Err != nil || len(v.Suites) != 1 {
		t.Errorf("TLS 1.2: %+v", v)
	}
	if !errors.Is(err, ErrSilent) {
		t.Errorf("%v", err)
	}
}

// replayed is a connection of which something was read already.
type replayed struct {
	net.Conn
	in io.Reader
}

func (r *replayed) Read(p []byte) (int, error) { return r.in.Read(p) }

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if facts, err := probe().Look(t.Context(), Target{Address: l.Addr().String()}); err == nil {
		t.Errorf("%+v", facts)
	}
	for _, address := range []string{"", "localhost", "::1"} {
		if _, err := probe().Look(t.Context(), Target{Address: address}); err == nil {
			t.Errorf("%q is no address", address)
		}
	}
	if _, err := probe().Look(t.Context(), Target{Address: "127.0.0.1:1", Name: string(bytes.Repeat([]byte("a"), 70_000))}); err == nil {
		t.Error("a name of 70,000 bytes")
	}
}

func TestALookEndsWithItsContext(t *testing.T) {
	address, _ := listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	p := probe()
	p.Wait = time.Minute
	began := time.Now()
	if _, err := p.Look(ctx, Target{Address: address}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	p.Most = 100 * time.Millisecond
	if _, err := p.Look(t.Context(), Target{Address: address}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}
