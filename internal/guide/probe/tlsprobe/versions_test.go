package tlsprobe

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// accepted is a server's versions as text: "TLS 1.2: A B".
func accepted(f Facts) (lines []string) {
	for _, v := range f.Versions {
		if !v.Accepted {
			continue
		}
		line := v.Name + ":"
		for _, s := range v.Suites {
			line += " " + strings.TrimPrefix(s.Name, "TLS_")
		}
		lines = append(lines, line)
	}
	return lines
}

// versionsOf looks at a stand-in: it has no certificate, which is the one thing that may not be seen.
func versionsOf(t *testing.T, o oldServer) (Facts, int64) {
	t.Helper()
	address, connections := listen(t, o.serve)
	facts, err := probe().Look(t.Context(), Target{Address: address, Name: "escrow.example"})
	for _, u := range unseen(err) {
		if u.Part != "certificate" {
			t.Errorf("%v", u)
		}
	}
	if got := connections.Load(); int64(facts.Connections) != got {
		t.Errorf("made %d connections, says %d", got, facts.Connections)
	}
	return facts, connections.Load()
}

// unseen are the parts that an error of Look names.
func unseen(err error) (parts []*Unseen) {
	var u *Unseen
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			parts = append(parts, unseen(e)...)
		}
	} else if errors.As(err, &u) {
		parts = append(parts, u)
	}
	return parts
}

func TestSuitesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		server oldServer
		want   []string
		most   int64 // connections
	}{
		"what nobody speaks any more": {
			oldServer{suites: map[version][]uint32{sslv2: {0x010080, 0x0700C0}, sslv3: {0x0003, 0x000A}}},
			[]string{"SSLv2: SSL_CK_RC4_128_WITH_MD5 SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "SSLv3: RSA_EXPORT_WITH_RC4_40_MD5 RSA_WITH_3DES_EDE_CBC_SHA"}, 11,
		},
		"NULL, EXPORT and nobody's certificate": {
			oldServer{suites: map[version][]uint32{tls10: {0x0002, 0x0019, 0xC018}, tls12: {0xC02F}}},
			[]string{"TLS 1.0: RSA_WITH_NULL_SHA DH_anon_EXPORT_WITH_DES40_CBC_SHA ECDH_anon_WITH_AES_128_CBC_SHA", "TLS 1.2: ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, 14,
		},
		"TLS 1.3 without encryption": {
			oldServer{suites: map[version][]uint32{tls13: {0x1302, 0xC0B4}}},
			[]string{"TLS 1.3: AES_256_GCM_SHA384 SHA256_SHA256"}, 11,
		},
		"one that chokes on many": {
			oldServer{suites: map[version][]uint32{tls11: {0x0005, 0xC014, 0xCCA8}}, most: 64},
			[]string{"TLS 1.1: RSA_WITH_RC4_128_SHA ECDHE_RSA_WITH_AES_256_CBC_SHA ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}, 130,
		},
	} {
		t.Run(name, func(t *testing.T) {
			facts, made := versionsOf(t, c.server)
			if diff := cmp.Diff(c.want, accepted(facts)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if made > c.most {
				t.Errorf("%d connections, expected at most %d", made, c.most)
			}
		})
	}
}

func TestFeaturesAreFound(t *testing.T) {
	two := map[version][]uint32{tls12: {0xC030, 0xC02F}}
	for _, c := range []struct {
		server oldServer
		want   Version
	}{
		{oldServer{suites: two}, Version{ServerOrder: true}},
		{oldServer{suites: two, clientOrder: true}, Version{}},
		{oldServer{suites: two, compress: true}, Version{ServerOrder: true, Compression: true}},
		{oldServer{suites: two, answers: extTicket}, Version{ServerOrder: true, SessionTickets: true}},
		{oldServer{suites: two, answers: extRenegotiation}, Version{ServerOrder: true, SecureRenegotiation: true}},
		{oldServer{suites: two, answers: extMasterSecret}, Version{ServerOrder: true, ExtendedMasterSecret: true}},
		{oldServer{suites: map[version][]uint32{tls12: {0xC030}}}, Version{}},
	} {
		facts, _ := versionsOf(t, c.server)
		got, _ := facts.Version("TLS 1.2")
		c.want.Name, c.want.Accepted, c.want.Suites = got.Name, true, got.Suites
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.server, diff)
		}
	}
}

func TestRefusalsAreTold(t *testing.T) {
	facts, _ := versionsOf(t, oldServer{suites: map[version][]uint32{tls12: {0xC02F}}})
	for _, v := range facts.Versions {
		want := map[string]string{"SSLv2": "closed the connection", "TLS 1.2": ""}
		if text, ok := want[v.Name]; ok && v.Refusal != text || !ok && v.Refusal != "alert protocol_version" {
			t.Errorf("%s is refused by: %q", v.Name, v.Refusal)
		}
	}
	if len(facts.Versions) != 6 {
		t.Errorf("%d versions", len(facts.Versions))
	}
	if _, ok := facts.Version("TLS 2.0"); ok {
		t.Error("there is a TLS 2.0")
	}
	all, _ := facts.Version("TLS 1.2")
	if len(all.With(CBC)) != 0 {
		t.Errorf("%v have CBC", all.With(CBC))
	}
	old, _ := versionsOf(t, oldServer{suites: map[version][]uint32{tls10: {0x0005, 0xC014}}})
	v, _ := old.Version("TLS 1.0")
	if got := fmt.Sprint(v.With(RC4)); got != "[TLS_RSA_WITH_RC4_128_SHA]" {
		t.Errorf("with RC4: %s", got)
	}
}

// Every suite that crypto/tls can do, one server each way.
func TestRealServers(t *testing.T) {
	rsa, ecdsa := newCA(t, "RSA").issue(t, leaf{key: "RSA"}), newCA(t, "ECDSA").issue(t, leaf{})
	var strong, weak []uint16
	for _, s := range tls.CipherSuites() {
		if !slices.Contains(s.SupportedVersions, tls.VersionTLS13) {
			strong = append(strong, s.ID)
		}
	}
	for _, s := range tls.InsecureCipherSuites() {
		weak = append(weak, s.ID)
	}
	modern := "TLS 1.3: AES_128_GCM_SHA256 AES_256_GCM_SHA384 CHACHA20_POLY1305_SHA256"
	for name, c := range map[string]struct {
		config   *tls.Config
		versions []string
		traits   []Trait // of the suites of TLS 1.2
	}{
		"modern only": {&tls.Config{MinVersion: tls.VersionTLS13}, []string{"TLS 1.3"}, nil},
		"as the guide wants it": {&tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
			[]string{"TLS 1.2", "TLS 1.3"}, nil},
		"weak": {&tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: slices.Concat(strong, weak)}, []string{"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"},
			[]Trait{RC4, TripleDES, CBC, NoForwardSecrecy}},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Certificates = []tls.Certificate{rsa, ecdsa}
			facts, err := probe().Look(t.Context(), Target{Address: serve(t, c.config), Name: "escrow.example"})
			if err != nil {
				t.Fatal(err)
			}
			var versions []string
			for _, line := range accepted(facts) {
				name, _, _ := strings.Cut(line, ":")
				versions = append(versions, name)
				if name == "TLS 1.3" {
					words := strings.Fields(line)
					slices.Sort(words[2:])
					if got := strings.Join(words, " "); got != modern {
						t.Errorf("got %s, want %s", got, modern)
					}
				}
			}
			if diff := cmp.Diff(c.versions, versions); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			v, _ := facts.Version("TLS 1.2")
			var offered, found []uint16
			for _, s := range v.Suites {
				found = append(found, uint16(s.ID))
			}
			if v.Accepted {
				offered = slices.Clone(c.config.CipherSuites)
			}
			slices.Sort(offered)
			slices.Sort(found)
			if diff := cmp.Diff(offered, found); diff != "" {
				t.Errorf("suites of TLS 1.2 (-want +got):\n%s", diff)
			}
			for _, trait := range []Trait{NoEncryption, Anonymous, Export, RC4, TripleDES, CBC, NoForwardSecrecy} {
				if got, want := len(v.With(trait)) > 0, slices.Contains(c.traits, trait); got != want {
					t.Errorf("suites with %s: %t, want %t", trait, got, want)
				}
			}
		})
	}
}

// serve runs a server of crypto/tls that says nothing behind the handshake.
func serve(t testing.TB, config *tls.Config) string {
	t.Helper()
	address, _ := listen(t, func(conn net.Conn) {
		server := tls.Server(conn, config)
		if server.HandshakeContext(t.Context()) == nil {
			server.Read(make([]byte, 1))
		}
	})
	return address
}
