package tlsprobe

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"testing"
)

// What we write is read by crypto/tls.
func TestHelloIsUnderstood(t *testing.T) {
	for _, v := range []version{tls10, tls11, tls12, tls13} {
		suites := legacySuites()
		if v == tls13 {
			suites = modernSuites()
		}
		for _, n := range []int{1, 2, 40, 100, len(suites)} { // of some the hello has to be padded
			if n > len(suites) {
				continue
			}
			message, err := offer{version: v, suites: suites[:n], name: "escrow.example"}.write(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if length := len(message) - 5; length >= hangFrom && length <= hangTo {
				t.Errorf("%s, %d suites: %d bytes, which hang some", v, n, length)
			}
			var got *tls.ClientHelloInfo
			client, server := net.Pipe()
			go func() {
				client.Write(message)
				client.Read(make([]byte, 16)) // the alert
				client.Close()
			}()
			stop := errors.New("seen")
			err = tls.Server(server, &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
				got = info
				return nil, stop
			}}).HandshakeContext(t.Context())
			server.Close()
			if !errors.Is(err, stop) {
				t.Fatalf("%s, %d suites: %v", v, n, err)
			}
			var offered []uint16
			for _, s := range suites[:n] {
				offered = append(offered, uint16(s.ID))
			}
			if got.ServerName != "escrow.example" || !slices.Equal(got.CipherSuites, offered) || got.SupportedVersions[0] != uint16(v) {
				t.Errorf("%s, %d suites: name %q, versions %x, suites %x, want %x", v, n, got.ServerName, got.SupportedVersions, got.CipherSuites, offered)
			}
			if v == tls13 && len(got.SupportedVersions) != 1 {
				t.Errorf("%s offers %x", v, got.SupportedVersions)
			}
		}
	}
}

func TestHelloOfOldDays(t *testing.T) {
	message, err := offer{version: sslv3, suites: legacySuites(), name: "escrow.example", compress: true}.write(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(message[:3], []byte{recordHandshake, 3, 0}) {
		t.Errorf("its record begins with %x", message[:3])
	}
	h, ok := hear(message[5:])
	if !ok || h.version != sslv3 || len(h.suites) != len(legacySuites()) || !h.compress || h.extensions != nil {
		t.Errorf("read %t: %s with %d suites, compression %t, extensions %v", ok, h.version, len(h.suites), h.compress, h.extensions)
	}
	if bytes.Contains(message, []byte("escrow.example")) {
		t.Error("SSLv3 has no extension for the name")
	}
	for name, want := range map[string]bool{"escrow.example": true, "127.0.0.1": false, "::1": false, "": false} {
		message, err := offer{version: tls12, suites: legacySuites(), name: name}.write(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := hear(message[5:]); !ok || slices.Contains(h.extensions, extServerName) != want {
			t.Errorf("name %q: told %t, want %t", name, !want, want)
		}
	}
}

func TestNoRandomnessIsAnError(t *testing.T) {
	p := probe()
	p.Rand = bytes.NewReader(nil)
	address, connections := listen(t, func(net.Conn) {})
	if _, err := p.Look(context.Background(), Target{Address: address}); err == nil || connections.Load() != 0 {
		t.Errorf("%v after %d connections", err, connections.Load())
	}
}
