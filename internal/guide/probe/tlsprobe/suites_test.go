package tlsprobe

import (
	"crypto/tls"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

func registry() []Suite { return slices.Concat(legacySuites(), modernSuites()) }

func TestEachSuiteHasOneNumberAndOneName(t *testing.T) {
	numbers, names := map[uint32]string{}, map[string]uint32{}
	for _, s := range slices.Concat(registry(), ancientSuites()) {
		if other := numbers[s.ID]; other != "" {
			t.Errorf("0x%04X is %s and %s", s.ID, other, s)
		}
		if other, twice := names[s.Name]; twice {
			t.Errorf("%s is 0x%04X and 0x%04X", s, other, s.ID)
		}
		numbers[s.ID], names[s.Name] = s.Name, s.ID
	}
	// Our file counts by blocks: a number that slipped shows at the ends of the registry's longest ones.
	for id, want := range map[uint32]string{
		0x001B: "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", 0x002B: "TLS_KRB5_EXPORT_WITH_RC4_40_MD5", 0x0046: "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA",
		0x006D: "TLS_DH_anon_WITH_AES_256_CBC_SHA256", 0x0095: "TLS_RSA_PSK_WITH_AES_256_CBC_SHA", 0x00C5: "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256",
		0xC019: "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", 0xC022: "TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA", 0xC03B: "TLS_ECDHE_PSK_WITH_NULL_SHA384",
		0xC071: "TLS_ECDHE_PSK_WITH_ARIA_256_CBC_SHA384", 0xC09B: "TLS_ECDHE_PSK_WITH_CAMELLIA_256_CBC_SHA384", 0xC0AF: "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
		0xCCAE: "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256",
	} {
		if numbers[id] != want {
			t.Errorf("0x%04X is %s, want %s", id, numbers[id], want)
		}
	}
	if len(registry()) < 340 {
		t.Errorf("%d suites, the registry has more than 340", len(registry()))
	}
}

func TestNamesAreThoseOfCryptoTLSAndOpenSSL(t *testing.T) {
	known := map[uint32]string{}
	for _, s := range registry() {
		known[s.ID] = s.Name
	}
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if known[uint32(s.ID)] != s.Name {
			t.Errorf("0x%04X is %s, of crypto/tls %s", s.ID, known[uint32(s.ID)], s.Name)
		}
	}
	openssl := parts.Program(t, "openssl", "apt-get install -y --no-install-recommends openssl")
	out, err := exec.CommandContext(t.Context(), openssl, "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").Output()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for line := range strings.Lines(string(out)) { // 0xC0,0x2C - TLS_ECDHE_… - ECDHE-…
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		id, err := strconv.ParseUint(strings.ReplaceAll(fields[0], ",0x", ""), 0, 16)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if compared++; known[uint32(id)] != fields[2] {
			t.Errorf("0x%04X is %s, of OpenSSL %s", id, known[uint32(id)], fields[2])
		}
	}
	if compared < 100 {
		t.Errorf("compared with %d suites of OpenSSL", compared)
	}
}

func TestTraits(t *testing.T) {
	known := map[string]Suite{}
	for _, s := range slices.Concat(registry(), ancientSuites()) {
		known[s.Name] = s
	}
	for name, want := range map[string][]Trait{
		"TLS_NULL_WITH_NULL_NULL":                      {NoEncryption, Anonymous, NoForwardSecrecy},
		"TLS_RSA_WITH_NULL_MD5":                        {NoEncryption, MD5, NoForwardSecrecy},
		"TLS_RSA_EXPORT_WITH_RC4_40_MD5":               {Export, RC4, MD5, NoForwardSecrecy},
		"TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA":          {Export, DES, CBC, NoForwardSecrecy},
		"TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA":        {Export, DES, CBC},
		"TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5":           {Export, RC2, MD5, CBC, NoForwardSecrecy},
		"TLS_DH_anon_WITH_RC4_128_MD5":                 {Anonymous, RC4, MD5},
		"TLS_ECDH_anon_WITH_NULL_SHA":                  {NoEncryption, Anonymous},
		"TLS_RSA_WITH_3DES_EDE_CBC_SHA":                {TripleDES, CBC, NoForwardSecrecy},
		"TLS_RSA_WITH_IDEA_CBC_SHA":                    {IDEA, CBC, NoForwardSecrecy},
		"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA":           {CBC},
		"TLS_RSA_WITH_AES_128_GCM_SHA256":              {NoForwardSecrecy},
		"TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256":         {NoForwardSecrecy},
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256":      nil,
		"TLS_DHE_RSA_WITH_AES_256_CCM":                 nil,
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256":  nil,
		"TLS_AES_128_GCM_SHA256":                       nil,
		"TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L":    nil,
		"TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC": {NoForwardSecrecy},
		"TLS_SHA256_SHA256":                            {NoEncryption},
		"SSL_CK_RC4_128_EXPORT40_WITH_MD5":             {Export, RC4, MD5, NoForwardSecrecy},
		"SSL_CK_DES_192_EDE3_CBC_WITH_MD5":             {TripleDES, MD5, CBC, NoForwardSecrecy},
		"SSL_CK_DES_64_CBC_WITH_MD5":                   {DES, MD5, CBC, NoForwardSecrecy},
	} {
		s, ok := known[name]
		if !ok {
			t.Errorf("%s is not among the suites", name)
		}
		if diff := cmp.Diff(want, s.Traits()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// crypto/tls keeps a list of its own of what nobody should use.
	for _, s := range tls.InsecureCipherSuites() {
		if len(known[s.Name].Traits()) == 0 {
			t.Errorf("%s is insecure to crypto/tls, and has no trait", s.Name)
		}
	}
}
