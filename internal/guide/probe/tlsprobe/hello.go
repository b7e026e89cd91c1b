package tlsprobe

import (
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
)

// version is a protocol version as it stands on the wire.
type version uint16

const (
	sslv2 version = 0x0002
	sslv3 version = 0x0300
	tls10 version = 0x0301
	tls11 version = 0x0302
	tls12 version = 0x0303
	tls13 version = 0x0304
)

func (v version) String() string {
	switch v {
	case sslv2:
		return "SSLv2"
	case sslv3:
		return "SSLv3"
	case tls10, tls11, tls12, tls13:
		return fmt.Sprintf("TLS 1.%d", v-tls10)
	}
	return fmt.Sprintf("version 0x%04X", uint16(v))
}

// Record and handshake types, and the extensions that we send or look for (RFC 8446 §4, §5; RFC 5246 §7).
const (
	recordAlert     = 21
	recordHandshake = 22

	clientHello = 1
	serverHello = 2

	extServerName      = 0
	extGroups          = 10
	extPointFormats    = 11
	extSignatures      = 13
	extPadding         = 21
	extMasterSecret    = 23
	extTicket          = 35
	extVersions        = 43
	extKeyShare        = 51
	extRenegotiation   = 0xff01
	compressionNull    = 0
	compressionDeflate = 1
)

// offer is what a ClientHello of ours offers: one version, and suites of it.
type offer struct {
	version  version
	suites   []Suite
	name     string // the server's; none for an address
	compress bool   // DEFLATE before no compression
}

// The groups and signatures that we say we know are all that a server might want: whether it accepts a suite must not hang on them.
var (
	groups     = [...]uint16{29, 23, 24, 25, 30, 22, 26, 27, 28, 21, 19, 256, 257, 258, 259, 260, 9, 10, 11, 12, 13, 14}
	signatures = [...]uint16{0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0402, 0x0303, 0x0301, 0x0302, 0x0203, 0x0201, 0x0202}
)

const (
	x25519      = 29
	maxFragment = 1 << 14 // of a record, RFC 8446 §5.1
	// Hellos of these lengths hang a widespread kind of load balancer: RFC 7685.
	hangFrom, hangTo = 256, 511
)

// write returns the ClientHello in its record. The share of a key that TLS 1.3 wants is random bytes: each is a point of the curve, and we
// do not want the key.
func (o offer) write(rand io.Reader) ([]byte, error) {
	var random [32 + 32 + 32]byte // the hello's, the session's, the key share
	if _, err := io.ReadFull(rand, random[:]); err != nil {
		return nil, fmt.Errorf("make a ClientHello: %w", err)
	}
	body := o.body(random, 0)
	if n := len(body) + 4; n >= hangFrom && n <= hangTo && o.version > sslv3 {
		body = o.body(random, hangTo+1-n)
	}
	if len(body)+4 > maxFragment {
		return nil, fmt.Errorf("make a ClientHello: %d suites do not fit into a record", len(o.suites))
	}
	var b cryptobyte.Builder
	b.AddUint8(recordHandshake)
	b.AddUint16(uint16(min(o.version, tls10))) // as everybody writes it: old servers refuse a record that looks new
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(clientHello)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(body) })
	})
	return b.Bytes()
}

func (o offer) body(random [96]byte, padding int) []byte {
	var b cryptobyte.Builder
	b.AddUint16(uint16(min(o.version, tls12))) // TLS 1.3 says its version in an extension
	b.AddBytes(random[:32])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		if o.version == tls13 { // looks like a resumption to boxes on the way, RFC 8446 D.4
			b.AddBytes(random[32:64])
		}
	})
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, s := range o.suites {
			b.AddUint16(uint16(s.ID))
		}
	})
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		if o.compress {
			b.AddUint8(compressionDeflate)
		}
		b.AddUint8(compressionNull)
	})
	if o.version > sslv3 { // SSLv3 has no extensions, and its servers may refuse them
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { o.extensions(b, random[64:], padding) })
	}
	return b.BytesOrPanic() // only a length that overflows its prefix could: a name is bounded by the target, suites by write
}

func (o offer) extensions(b *cryptobyte.Builder, share []byte, padding int) {
	extension := func(id uint16, content func(b *cryptobyte.Builder)) {
		b.AddUint16(id)
		b.AddUint16LengthPrefixed(content)
	}
	list := func(numbers []uint16) func(b *cryptobyte.Builder) {
		return func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				for _, n := range numbers {
					b.AddUint16(n)
				}
			})
		}
	}
	if _, err := netip.ParseAddr(o.name); err != nil && o.name != "" { // RFC 6066 allows no addresses
		extension(extServerName, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(o.name)) })
			})
		})
	}
	extension(extGroups, list(groups[:]))
	if o.version >= tls12 {
		extension(extSignatures, list(signatures[:]))
	}
	if o.version == tls13 {
		extension(extVersions, func(b *cryptobyte.Builder) {
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(uint16(tls13)) })
		})
		extension(extKeyShare, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint16(x25519)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(share) })
			})
		})
	} else {
		extension(extPointFormats, func(b *cryptobyte.Builder) {
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte{0, 1, 2}) })
		})
		extension(extMasterSecret, func(*cryptobyte.Builder) {})
		extension(extTicket, func(*cryptobyte.Builder) {})
		extension(extRenegotiation, func(b *cryptobyte.Builder) { b.AddUint8(0) })
	}
	if padding > 0 {
		extension(extPadding, func(b *cryptobyte.Builder) { b.AddBytes(make([]byte, max(0, padding-4))) })
	}
}

// ancientHello is the CLIENT-HELLO of SSLv2 with all its suites.
func ancientHello(rand io.Reader) ([]byte, error) {
	var challenge [16]byte
	if _, err := io.ReadFull(rand, challenge[:]); err != nil {
		return nil, fmt.Errorf("make an SSLv2 hello: %w", err)
	}
	var suites, body cryptobyte.Builder
	for _, s := range ancientSuites() {
		suites.AddUint24(s.ID)
	}
	kinds := suites.BytesOrPanic()
	body.AddUint8(ancientClientHello)
	body.AddUint16(uint16(sslv2))
	body.AddUint16(uint16(len(kinds)))
	body.AddUint16(0) // no session
	body.AddUint16(uint16(len(challenge)))
	body.AddBytes(kinds)
	body.AddBytes(challenge[:])
	message := body.BytesOrPanic()
	var record cryptobyte.Builder
	record.AddUint16(ancientRecord | uint16(len(message)))
	record.AddBytes(message)
	return record.Bytes()
}
