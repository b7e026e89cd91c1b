//go:build unix

package sim

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a process and its PostgreSQL, and kills the process at a commit: before the server hears of it, or when the server has made it
// durable and the process has not heard.
type proxy struct {
	server string
	after  bool
	ready  chan struct{} // closed when kill can be called
	kill   func()
	left   atomic.Int64 // commits until then
	hold   atomic.Bool  // nothing more goes to the process
}

// between makes a proxy for a database's URL, and returns the URL through it. kill is set by its caller, who then closes ready.
func between(t *testing.T, database string, commit int, after bool) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{server: u.Host, after: after, ready: make(chan struct{})}
	p.left.Store(int64(commit))
	var open sync.WaitGroup
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		open.Wait()
	})
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			open.Go(func() { p.carry(c) })
		}
	})
	u.Host = l.Addr().String()
	return p, u.String()
}

// carry hands messages on in both directions, until one of the ends is gone.
func (p *proxy) carry(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	var ways sync.WaitGroup
	end := func() { _, _ = client.Close(), server.Close() }
	ways.Go(func() { defer end(); _ = p.asks(client, server) })
	ways.Go(func() { defer end(); _ = p.answers(server, client) })
	ways.Wait()
}

// asks hands on what the process says. The first message has no kind.
func (p *proxy) asks(from io.Reader, to io.Writer) error {
	in := bufio.NewReader(from)
	first, err := message(in, 0)
	if err != nil {
		return err
	}
	if _, err := to.Write(first); err != nil {
		return err
	}
	for {
		m, err := message(in, 1)
		if err != nil {
			return err
		}
		if m[0] == 'Q' && bytes.Equal(m[5:], []byte("commit\x00")) && p.left.Add(-1) == 0 {
			if !p.after {
				p.kill()
				return errKilled
			}
			p.hold.Store(true)
		}
		if _, err := to.Write(m); err != nil {
			return err
		}
	}
}

// answers hands on what the server says, until it has said that the commit is made.
func (p *proxy) answers(from io.Reader, to io.Writer) error {
	in := bufio.NewReader(from)
	for {
		m, err := message(in, 1)
		if err != nil {
			return err
		}
		if p.hold.Load() {
			if m[0] == 'C' && bytes.Equal(m[5:], []byte("COMMIT\x00")) {
				p.kill()
				return errKilled
			}
			continue
		}
		if _, err := to.Write(m); err != nil {
			return err
		}
	}
}

var errKilled = errors.New("the process was killed")

// maxMessage bounds a message: a copy of a page of events is a few megabytes.
const maxMessage = 64 << 20

// message is one of PostgreSQL's: a kind, if there is one, a length that counts itself, and the rest.
func message(in *bufio.Reader, kind int) ([]byte, error) {
	head := make([]byte, kind+4)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[kind:])
	if n < 4 || n > maxMessage {
		return nil, errors.New("a message of no sensible length")
	}
	m := append(head, make([]byte, n-4)...)
	_, err := io.ReadFull(in, m[kind+4:])
	return m, err
}
