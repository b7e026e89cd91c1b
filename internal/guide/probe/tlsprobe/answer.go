package tlsprobe

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"

	"golang.org/x/crypto/cryptobyte"
)

// answer is what a server says to a ClientHello.
type answer struct {
	kind kind
	// Of a ServerHello. A HelloRetryRequest of TLS 1.3 is one, and names the suite too.
	version    version
	suite      uint32
	compressed bool
	extensions []uint16
	// Of an alert.
	alert uint8
	// Of nonsense: what was wrong with it.
	problem string
	// Of an SSLv2 server: what both can do.
	kinds []uint32
}

type kind int

const (
	hello    kind = iota + 1
	alert         // a fatal alert
	closed        // the connection ended before a whole answer
	nonsense      // no TLS, or TLS beyond what we bear
)

// The bounds of an answer. A ServerHello has few hundred bytes.
const (
	maxServerHello = 8 << 10
	maxRecords     = 16
	maxWarnings    = 4 // alerts of level warning before the ServerHello: unrecognized_name
)

// Alerts that say "none of what you offer" (RFC 8446 §6.2). Any other may be about something else than the suites or the version.
const (
	alertCloseNotify          = 0
	alertHandshakeFailure     = 40
	alertProtocolVersion      = 70
	alertInsufficientSecurity = 71
)

func (a answer) refuses() bool {
	return a.kind == alert && slices.Contains([]uint8{alertHandshakeFailure, alertProtocolVersion, alertInsufficientSecurity}, a.alert)
}

func (a answer) has(extension uint16) bool { return slices.Contains(a.extensions, extension) }

// String says how it refuses, in words.
func (a answer) String() string {
	switch a.kind {
	case hello:
		return "chose " + a.version.String()
	case alert:
		names := map[uint8]string{
			10: "unexpected_message", alertHandshakeFailure: "handshake_failure", 47: "illegal_parameter", 50: "decode_error", alertProtocolVersion: "protocol_version",
			alertInsufficientSecurity: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 109: "missing_extension", 112: "unrecognized_name",
		}
		if name := names[a.alert]; name != "" {
			return "alert " + name
		}
		return fmt.Sprintf("alert %d", a.alert)
	case closed:
		return "closed the connection"
	}
	return "no TLS: " + a.problem
}

// readAnswer reads a server's answer and nothing behind it. The error is the reader's, other than its end: the server said nothing in time.
func readAnswer(r io.Reader) (answer, error) {
	var message []byte // of handshake records, joined
	warnings := 0
	for range maxRecords {
		kind, fragment, problem, err := readRecord(r)
		if err != nil {
			return ended(err)
		}
		switch {
		case problem != "":
			return answer{kind: nonsense, problem: problem}, nil
		case kind == recordAlert:
			const warning = 1
			if len(fragment) != 2 {
				return answer{kind: nonsense, problem: fmt.Sprintf("an alert of %d bytes", len(fragment))}, nil
			}
			if fragment[1] == alertCloseNotify {
				return answer{kind: closed}, nil
			}
			if fragment[0] != warning {
				return answer{kind: alert, alert: fragment[1]}, nil
			}
			if warnings++; warnings > maxWarnings {
				return answer{kind: nonsense, problem: fmt.Sprintf("more than %d warnings", maxWarnings)}, nil
			}
			continue
		}
		message = append(message, fragment...)
		if len(message) < 4 {
			continue
		}
		if message[0] != serverHello {
			return answer{kind: nonsense, problem: fmt.Sprintf("a handshake message of type %d", message[0])}, nil
		}
		size := int(message[1])<<16 | int(message[2])<<8 | int(message[3])
		if size > maxServerHello {
			return answer{kind: nonsense, problem: fmt.Sprintf("a ServerHello of %d bytes", size)}, nil
		}
		if len(message) >= 4+size {
			return parseServerHello(message[4 : 4+size]), nil
		}
	}
	return answer{kind: nonsense, problem: fmt.Sprintf("no ServerHello in %d records", maxRecords)}, nil
}

func readRecord(r io.Reader) (kind byte, fragment []byte, problem string, err error) {
	var header [5]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, "", err
	}
	size := int(header[3])<<8 | int(header[4])
	if header[0] != recordAlert && header[0] != recordHandshake || header[1] != 3 || size == 0 || size > maxFragment {
		return 0, nil, fmt.Sprintf("begins with %q", header), nil
	}
	fragment = make([]byte, size)
	_, err = io.ReadFull(r, fragment)
	return header[0], fragment, "", err
}

// ended tells a connection that the server has ended from one that we gave up.
func ended(err error) (answer, error) {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, syscall.ENOTCONN, syscall.ECONNABORTED} {
		if errors.Is(err, end) {
			return answer{kind: closed}, nil
		}
	}
	return answer{}, err
}

func parseServerHello(body []byte) answer {
	bad := answer{kind: nonsense, problem: "a ServerHello that cannot be read"}
	s := cryptobyte.String(body)
	var number, suite uint16
	var session, extensions cryptobyte.String
	var compression uint8
	if !s.ReadUint16(&number) || !s.Skip(32) || !s.ReadUint8LengthPrefixed(&session) || len(session) > 32 || !s.ReadUint16(&suite) || !s.ReadUint8(&compression) {
		return bad
	}
	a := answer{kind: hello, version: version(number), suite: uint32(suite), compressed: compression != compressionNull}
	if s.Empty() {
		return a
	}
	if !s.ReadUint16LengthPrefixed(&extensions) || !s.Empty() {
		return bad
	}
	for !extensions.Empty() {
		var id uint16
		var content cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&content) {
			return bad
		}
		if id == extVersions {
			if !content.ReadUint16(&number) || !content.Empty() {
				return bad
			}
			a.version = version(number)
		}
		a.extensions = append(a.extensions, id)
	}
	return a
}

// SSLv2 (draft-hickman-netscape-ssl-00): a record with a length of two bytes, the highest bit set.
const (
	ancientRecord      = 0x8000
	ancientClientHello = 1
	ancientServerHello = 4
)

// readAncient is readAnswer for an SSLv2 hello.
func readAncient(r io.Reader) (answer, error) {
	var header [2]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return ended(err)
	}
	size := (int(header[0])<<8 | int(header[1])) &^ ancientRecord
	switch {
	case (header[0] == recordAlert || header[0] == recordHandshake) && header[1] == 3:
		return answer{kind: nonsense, problem: "answered by TLS, not by SSLv2"}, nil
	case header[0]&0x80 == 0:
		return answer{kind: nonsense, problem: fmt.Sprintf("begins with %q", header)}, nil
	}
	body := make([]byte, size) // at most 32 KiB
	if _, err := io.ReadFull(r, body); err != nil {
		return ended(err)
	}
	s := cryptobyte.String(body)
	var kind uint8
	var number, certificate, kinds, connection uint16
	if !s.ReadUint8(&kind) || kind != ancientServerHello || !s.Skip(2) || !s.ReadUint16(&number) || version(number) != sslv2 || !s.ReadUint16(&certificate) ||
		!s.ReadUint16(&kinds) || !s.ReadUint16(&connection) || !s.Skip(int(certificate)) || len(s) != int(kinds)+int(connection) {
		return answer{kind: nonsense, problem: "no SERVER-HELLO"}, nil
	}
	a := answer{kind: hello, version: sslv2}
	for n := range int(kinds) / 3 {
		a.kinds = append(a.kinds, uint32(s[3*n])<<16|uint32(s[3*n+1])<<8|uint32(s[3*n+2]))
	}
	return a, nil
}
