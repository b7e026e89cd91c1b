//go:build linux

package outside

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/Abdullahi130/StellarEscrow/test/stack/enter"
)

// names are a name server's, with the address of each.
type names map[string]netip.Addr

// serve answers on the outside until the test ends.
func (o *Outside) serve(t testing.TB, network, address string, known names) {
	t.Helper()
	c, err := enter.ListenPacket(context.WithoutCancel(t.Context()), o.network, network, address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(packet)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if answer, ok := known.answer(packet[:max(n, 0)]); ok {
				_, _ = c.WriteTo(answer, from) // who asked asks again
			}
		}
	}()
	t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
}

// answer is what is said to a question: an address to A, nothing to another type, and of a name that is not known that there is none.
func (known names) answer(question []byte) (answer []byte, ok bool) {
	var p dnsmessage.Parser
	asked, err := p.Start(question)
	if err != nil || asked.Response {
		return nil, false
	}
	q, err := p.Question()
	if err != nil {
		return nil, false
	}
	address, there := known[strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")]
	head := dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true, RecursionDesired: asked.RecursionDesired, RecursionAvailable: true}
	if !there {
		head.RCode = dnsmessage.RCodeNameError
	}
	b := dnsmessage.NewBuilder(nil, head)
	err = errors.Join(b.StartQuestions(), b.Question(q), b.StartAnswers())
	if there && q.Type == dnsmessage.TypeA {
		err = errors.Join(err, b.AResource(dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 5}, dnsmessage.AResource{A: address.As4()}))
	}
	answer, finished := b.Finish()
	return answer, errors.Join(err, finished) == nil
}
