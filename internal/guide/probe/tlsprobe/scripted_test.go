package tlsprobe

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// probe is what the tests look with.
func probe() Probe { return Probe{Now: time.Now, Rand: rand.Reader, Wait: 2 * time.Second} }

// listen serves each connection by handle, which need not close it.
func listen(t testing.TB, handle func(net.Conn)) (address string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	connections = &atomic.Int64{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	return l.Addr().String(), connections
}

// oldServer stands in for servers that cannot be had any more (SSLv2, SSLv3, EXPORT): it reads a ClientHello and answers with a ServerHello
// as a server with these suites would, or an alert. It goes no further, as the probe does.
type oldServer struct {
	suites      map[version][]uint32 // in its order
	clientOrder bool
	compress    bool
	answers     uint16 // extension that it answers in the ServerHello
	most        int    // suites in a hello; it closes on more. 0: no limit
	foreign     uint32 // a suite that it chooses whatever is offered
}

// heard is what a ClientHello offers.
type heard struct {
	version    version
	suites     []uint32
	compress   bool
	extensions []uint16
}

func (o oldServer) serve(conn net.Conn) {
	var first [5]byte
	if _, err := io.ReadFull(conn, first[:]); err != nil {
		return
	}
	if first[0]&0x80 != 0 {
		o.serveAncient(conn, first)
		return
	}
	body := make([]byte, int(first[3])<<8|int(first[4]))
	if _, err := io.ReadFull(conn, body); err != nil {
		return
	}
	h, ok := hear(body)
	if !ok {
		return
	}
	if o.most > 0 && len(h.suites) > o.most {
		return
	}
	suite, chosen := o.foreign, o.foreign != 0
	ours, theirs := o.suites[h.version], h.suites
	if o.clientOrder {
		ours, theirs = theirs, ours
	}
	for _, s := range ours {
		if !chosen && slices.Contains(theirs, s) {
			suite, chosen = s, true
		}
	}
	if !chosen && len(o.suites[h.version]) == 0 {
		conn.Write([]byte{recordAlert, 3, 0, 0, 2, 2, alertProtocolVersion})
		return
	}
	if !chosen {
		conn.Write([]byte{recordAlert, 3, byte(h.version), 0, 2, 2, alertHandshakeFailure})
		return
	}
	conn.Write(o.hello(h, suite))
}

func hear(record []byte) (h heard, ok bool) {
	s := cryptobyte.String(record)
	var kind, compression uint8
	var number uint16
	var body, session, suites, methods, extensions cryptobyte.String
	if !s.ReadUint8(&kind) || kind != clientHello || !s.ReadUint24LengthPrefixed(&body) || !s.Empty() || !body.ReadUint16(&number) || !body.Skip(32) ||
		!body.ReadUint8LengthPrefixed(&session) || !body.ReadUint16LengthPrefixed(&suites) || !body.ReadUint8LengthPrefixed(&methods) {
		return h, false
	}
	h.version = version(number)
	for !suites.Empty() {
		if !suites.ReadUint16(&number) {
			return h, false
		}
		h.suites = append(h.suites, uint32(number))
	}
	for methods.ReadUint8(&compression) {
		h.compress = h.compress || compression == compressionDeflate
	}
	if body.Empty() {
		return h, true
	}
	if !body.ReadUint16LengthPrefixed(&extensions) || !body.Empty() {
		return h, false
	}
	for !extensions.Empty() {
		var content cryptobyte.String
		if !extensions.ReadUint16(&number) || !extensions.ReadUint16LengthPrefixed(&content) {
			return h, false
		}
		h.extensions = append(h.extensions, number)
		if number == extVersions {
			h.version = tls13
		}
	}
	return h, true
}

func (o oldServer) hello(h heard, suite uint32) []byte {
	var b cryptobyte.Builder
	b.AddUint8(recordHandshake)
	b.AddUint16(uint16(min(h.version, tls12)))
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(serverHello)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(uint16(min(h.version, tls12)))
			b.AddBytes(make([]byte, 32))
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(make([]byte, 32)) })
			b.AddUint16(uint16(suite))
			compression := uint8(compressionNull)
			if o.compress && h.compress {
				compression = compressionDeflate
			}
			b.AddUint8(compression)
			if h.version > sslv3 && (h.version == tls13 || o.answers != 0) {
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
					if o.answers != 0 && slices.Contains(h.extensions, o.answers) {
						b.AddUint16(o.answers)
						b.AddUint16LengthPrefixed(func(*cryptobyte.Builder) {})
					}
					if h.version == tls13 {
						b.AddUint16(extVersions)
						b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(uint16(tls13)) })
					}
				})
			}
		})
	})
	return b.BytesOrPanic()
}

// serveAncient answers SSLv2 with the suites that both have, or closes.
func (o oldServer) serveAncient(conn net.Conn, first [5]byte) {
	rest := make([]byte, (int(first[0])<<8|int(first[1]))&^ancientRecord-3)
	if _, err := io.ReadFull(conn, rest); err != nil || len(o.suites[sslv2]) == 0 {
		return
	}
	s := cryptobyte.String(append(bytes.Clone(first[2:]), rest...))
	var kind uint8
	var number, suites, session, challenge uint16
	var kinds []byte
	if !s.ReadUint8(&kind) || kind != ancientClientHello || !s.ReadUint16(&number) || version(number) != sslv2 || !s.ReadUint16(&suites) ||
		!s.ReadUint16(&session) || !s.ReadUint16(&challenge) || !s.ReadBytes(&kinds, int(suites)) || len(s) != int(session)+int(challenge) {
		return
	}
	var chosen cryptobyte.Builder
	for ; len(kinds) >= 3; kinds = kinds[3:] {
		if id := uint32(kinds[0])<<16 | uint32(kinds[1])<<8 | uint32(kinds[2]); slices.Contains(o.suites[sslv2], id) {
			chosen.AddUint24(id)
		}
	}
	both := chosen.BytesOrPanic()
	certificate, id := []byte("a certificate"), make([]byte, 16)
	var b cryptobyte.Builder
	b.AddUint16(ancientRecord | uint16(11+len(certificate)+len(both)+len(id)))
	b.AddBytes([]byte{ancientServerHello, 0, 1})
	b.AddUint16(uint16(sslv2))
	b.AddUint16(uint16(len(certificate)))
	b.AddUint16(uint16(len(both)))
	b.AddUint16(uint16(len(id)))
	b.AddBytes(certificate)
	b.AddBytes(both)
	b.AddBytes(id)
	conn.Write(b.BytesOrPanic())
}
