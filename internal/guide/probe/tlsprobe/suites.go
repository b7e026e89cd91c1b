package tlsprobe

import (
	"fmt"
	"slices"
	"strings"
)

// Suite is a cipher suite: its number (two bytes; three of SSLv2) and its name in the IANA registry ("TLS Cipher Suites"), or the name
// that it was known by where the registry has none.
type Suite struct {
	ID   uint32
	Name string
}

func (s Suite) String() string { return s.Name }

// Trait is a property of a suite that a judge may want to know.
type Trait string

const (
	NoEncryption     Trait = "no encryption"      // NULL: everybody on the way reads it
	Anonymous        Trait = "anonymous"          // no certificate: everybody on the way can be the server
	Export           Trait = "export"             // 40 or 56 bits by order of a law of the 1990s
	RC4              Trait = "RC4"                // RFC 7465 forbids it
	RC2              Trait = "RC2"                //
	DES              Trait = "DES"                // 56 bits
	TripleDES        Trait = "3DES"               // blocks of 64 bits: Sweet32
	IDEA             Trait = "IDEA"               // the same
	MD5              Trait = "MD5"                //
	CBC              Trait = "CBC"                // MAC then encrypt: Lucky 13 and its kin
	NoForwardSecrecy Trait = "no forward secrecy" // a key stolen later opens what was recorded
)

// Traits are the suite's, in the order above; none of a suite that has all that TLS 1.3 asks for.
func (s Suite) Traits() (traits []Trait) {
	exchange, cipher, split := strings.Cut(s.Name, "_WITH_")
	if !split { // TLS 1.3 names only the cipher; SSLv2 the cipher before the hash
		cipher = s.Name
	}
	words := strings.Split(cipher, "_")
	has := func(words []string, any ...string) bool {
		return slices.ContainsFunc(any, func(w string) bool { return slices.Contains(words, w) })
	}
	exchanged := strings.Split(exchange, "_")
	v2 := strings.HasPrefix(s.Name, "SSL_CK_")
	if v2 {
		words = strings.Split(s.Name, "_")
	}
	integrityOnly := !split && strings.HasPrefix(s.Name, "TLS_SHA") // RFC 9150
	ephemeral := has(exchanged, "DHE", "ECDHE", "anon", "ECCPWD", "SRP") || slices.Contains(modernSuites(), s)
	for _, t := range []struct {
		trait Trait
		is    bool
	}{
		{NoEncryption, has(words, "NULL") || integrityOnly},
		{Anonymous, has(exchanged, "anon") || s.ID == 0},
		{Export, has(exchanged, "EXPORT", "EXPORT1024") || has(words, "EXPORT40")},
		{RC4, has(words, "RC4")},
		{RC2, has(words, "RC2")},
		{DES, has(words, "DES", "DES40") && !has(words, "EDE3")},
		{TripleDES, has(words, "3DES", "EDE3")},
		{IDEA, has(words, "IDEA")},
		{MD5, has(words, "MD5")},
		{CBC, has(words, "CBC")},
		{NoForwardSecrecy, !ephemeral},
	} {
		if t.is {
			traits = append(traits, t.trait)
		}
	}
	return traits
}

// signer is the kind of key that a suite below TLS 1.3 wants in the server's certificate: RSA, ECDSA, or another.
func (s Suite) signer() string {
	exchange, _, _ := strings.Cut(s.Name, "_WITH_")
	switch words := strings.Split(exchange, "_"); {
	case slices.Contains(words, "PSK") || slices.Contains(words, "anon"):
		return ""
	case slices.Contains(words, "ECDSA"):
		return "ECDSA"
	case slices.Contains(words, "RSA"):
		return "RSA"
	}
	return ""
}

// block is a run of the registry: each exchange with each cipher, one number after the other.
type block struct {
	first              uint16
	exchanges, ciphers string // separated by blanks
}

const (
	sixRSA = "RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon" // as the registry orders the suites of RFC 5246
	sixGCM = "RSA DHE_RSA DH_RSA DHE_DSS DH_DSS DH_anon" // as it orders those of RFC 5288 and their like
	fourEC = "ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA"
	psks   = "PSK DHE_PSK RSA_PSK"
	srps   = "SRP_SHA SRP_SHA_RSA SRP_SHA_DSS"
)

// legacyBlocks are the suites of TLS 1.2 and before: the registry's, and those in wide use that it only reserves (EXPORT1024, FIPS, the
// draft of ChaCha20, GOST).
func legacyBlocks() []block {
	return []block{
		{0x0000, "NULL", "NULL_NULL"},
		{0x0001, "RSA", "NULL_MD5 NULL_SHA"},
		{0x0003, "RSA_EXPORT", "RC4_40_MD5"},
		{0x0004, "RSA", "RC4_128_MD5 RC4_128_SHA"},
		{0x0006, "RSA_EXPORT", "RC2_CBC_40_MD5"},
		{0x0007, "RSA", "IDEA_CBC_SHA"},
		{0x0008, "RSA_EXPORT", "DES40_CBC_SHA"},
		{0x0009, "RSA", "DES_CBC_SHA 3DES_EDE_CBC_SHA"},
		{0x000B, "DH_DSS_EXPORT", "DES40_CBC_SHA"},
		{0x000C, "DH_DSS", "DES_CBC_SHA 3DES_EDE_CBC_SHA"},
		{0x000E, "DH_RSA_EXPORT", "DES40_CBC_SHA"},
		{0x000F, "DH_RSA", "DES_CBC_SHA 3DES_EDE_CBC_SHA"},
		{0x0011, "DHE_DSS_EXPORT", "DES40_CBC_SHA"},
		{0x0012, "DHE_DSS", "DES_CBC_SHA 3DES_EDE_CBC_SHA"},
		{0x0014, "DHE_RSA_EXPORT", "DES40_CBC_SHA"},
		{0x0015, "DHE_RSA", "DES_CBC_SHA 3DES_EDE_CBC_SHA"},
		{0x0017, "DH_anon_EXPORT", "RC4_40_MD5"},
		{0x0018, "DH_anon", "RC4_128_MD5"},
		{0x0019, "DH_anon_EXPORT", "DES40_CBC_SHA"},
		{0x001A, "DH_anon", "DES_CBC_SHA 3DES_EDE_CBC_SHA"},
		{0x001C, "FORTEZZA_KEA", "NULL_SHA FORTEZZA_CBC_SHA"},
		{0x001E, "KRB5", "DES_CBC_SHA 3DES_EDE_CBC_SHA RC4_128_SHA IDEA_CBC_SHA DES_CBC_MD5 3DES_EDE_CBC_MD5 RC4_128_MD5 IDEA_CBC_MD5"},
		{0x0026, "KRB5_EXPORT", "DES_CBC_40_SHA RC2_CBC_40_SHA RC4_40_SHA DES_CBC_40_MD5 RC2_CBC_40_MD5 RC4_40_MD5"},
		{0x002C, psks, "NULL_SHA"},
		{0x002F, sixRSA, "AES_128_CBC_SHA"},
		{0x0035, sixRSA, "AES_256_CBC_SHA"},
		{0x003B, "RSA", "NULL_SHA256 AES_128_CBC_SHA256 AES_256_CBC_SHA256"},
		{0x003E, "DH_DSS DH_RSA DHE_DSS", "AES_128_CBC_SHA256"},
		{0x0041, sixRSA, "CAMELLIA_128_CBC_SHA"},
		{0x0060, "RSA_EXPORT1024", "RC4_56_MD5 RC2_CBC_56_MD5 DES_CBC_SHA"},
		{0x0063, "DHE_DSS_EXPORT1024", "DES_CBC_SHA"},
		{0x0064, "RSA_EXPORT1024", "RC4_56_SHA"},
		{0x0065, "DHE_DSS_EXPORT1024", "RC4_56_SHA"},
		{0x0066, "DHE_DSS", "RC4_128_SHA"},
		{0x0067, "DHE_RSA", "AES_128_CBC_SHA256"},
		{0x0068, "DH_DSS DH_RSA DHE_DSS DHE_RSA", "AES_256_CBC_SHA256"},
		{0x006C, "DH_anon", "AES_128_CBC_SHA256 AES_256_CBC_SHA256"},
		{0x0080, "GOSTR341094 GOSTR341001", "28147_CNT_IMIT"},
		{0x0082, "GOSTR341094 GOSTR341001", "NULL_GOSTR3411"},
		{0x0084, sixRSA, "CAMELLIA_256_CBC_SHA"},
		{0x008A, psks, "RC4_128_SHA 3DES_EDE_CBC_SHA AES_128_CBC_SHA AES_256_CBC_SHA"},
		{0x0096, sixRSA, "SEED_CBC_SHA"},
		{0x009C, sixGCM, "AES_128_GCM_SHA256 AES_256_GCM_SHA384"},
		{0x00A8, psks, "AES_128_GCM_SHA256 AES_256_GCM_SHA384"},
		{0x00AE, psks, "AES_128_CBC_SHA256 AES_256_CBC_SHA384 NULL_SHA256 NULL_SHA384"},
		{0x00BA, sixRSA, "CAMELLIA_128_CBC_SHA256"},
		{0x00C0, sixRSA, "CAMELLIA_256_CBC_SHA256"},
		{0xC001, "ECDH_ECDSA ECDHE_ECDSA ECDH_RSA ECDHE_RSA ECDH_anon", "NULL_SHA RC4_128_SHA 3DES_EDE_CBC_SHA AES_128_CBC_SHA AES_256_CBC_SHA"},
		{0xC01A, srps, "3DES_EDE_CBC_SHA"},
		{0xC01D, srps, "AES_128_CBC_SHA"},
		{0xC020, srps, "AES_256_CBC_SHA"},
		{0xC023, fourEC, "AES_128_CBC_SHA256 AES_256_CBC_SHA384"},
		{0xC02B, fourEC, "AES_128_GCM_SHA256 AES_256_GCM_SHA384"},
		{0xC033, "ECDHE_PSK", "RC4_128_SHA 3DES_EDE_CBC_SHA AES_128_CBC_SHA AES_256_CBC_SHA AES_128_CBC_SHA256 AES_256_CBC_SHA384 NULL_SHA NULL_SHA256 NULL_SHA384"},
		{0xC03C, sixRSA + " " + fourEC, "ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384"},
		{0xC050, sixGCM + " " + fourEC, "ARIA_128_GCM_SHA256 ARIA_256_GCM_SHA384"},
		{0xC064, psks, "ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384"},
		{0xC06A, psks, "ARIA_128_GCM_SHA256 ARIA_256_GCM_SHA384"},
		{0xC070, "ECDHE_PSK", "ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384"},
		{0xC072, fourEC, "CAMELLIA_128_CBC_SHA256 CAMELLIA_256_CBC_SHA384"},
		{0xC07A, sixGCM + " " + fourEC, "CAMELLIA_128_GCM_SHA256 CAMELLIA_256_GCM_SHA384"},
		{0xC08E, psks, "CAMELLIA_128_GCM_SHA256 CAMELLIA_256_GCM_SHA384"},
		{0xC094, psks + " ECDHE_PSK", "CAMELLIA_128_CBC_SHA256 CAMELLIA_256_CBC_SHA384"},
		{0xC09C, "RSA DHE_RSA", "AES_128_CCM AES_256_CCM"},
		{0xC0A0, "RSA DHE_RSA", "AES_128_CCM_8 AES_256_CCM_8"},
		{0xC0A4, "PSK DHE_PSK", "AES_128_CCM AES_256_CCM"},
		{0xC0A8, "PSK PSK_DHE", "AES_128_CCM_8 AES_256_CCM_8"},
		{0xC0AC, "ECDHE_ECDSA", "AES_128_CCM AES_256_CCM AES_128_CCM_8 AES_256_CCM_8"},
		{0xC0B0, "ECCPWD", "AES_128_GCM_SHA256 AES_256_GCM_SHA384 AES_128_CCM_SHA256 AES_256_CCM_SHA384"},
		{0xC100, "GOSTR341112_256", "KUZNYECHIK_CTR_OMAC MAGMA_CTR_OMAC 28147_CNT_IMIT"},
		{0xCC13, "ECDHE_RSA ECDHE_ECDSA DHE_RSA", "CHACHA20_POLY1305_DRAFT_SHA256"},
		{0xCCA8, "ECDHE_RSA ECDHE_ECDSA DHE_RSA PSK ECDHE_PSK DHE_PSK RSA_PSK", "CHACHA20_POLY1305_SHA256"},
		{0xD001, "ECDHE_PSK", "AES_128_GCM_SHA256 AES_256_GCM_SHA384 AES_128_CCM_8_SHA256"},
		{0xD005, "ECDHE_PSK", "AES_128_CCM_SHA256"},
		{0xFEFE, "RSA_FIPS", "DES_CBC_SHA 3DES_EDE_CBC_SHA"},
		{0xFF85, "GOSTR341112_256", "28147_CNT_IMIT_DRAFT"},
		{0xFF87, "GOSTR341112_256", "NULL_GOSTR3411_DRAFT"},
	}
}

// legacySuites are all suites that may be offered to a server of SSLv3 to TLS 1.2.
func legacySuites() (all []Suite) {
	for _, b := range legacyBlocks() {
		id := uint32(b.first)
		for _, exchange := range strings.Fields(b.exchanges) {
			for _, cipher := range strings.Fields(b.ciphers) {
				all = append(all, Suite{id, "TLS_" + exchange + "_WITH_" + cipher})
				id++
			}
		}
	}
	return all
}

// modernSuites are those of TLS 1.3. Two of them do not encrypt (RFC 9150).
func modernSuites() []Suite {
	return []Suite{
		{0x1301, "TLS_AES_128_GCM_SHA256"}, {0x1302, "TLS_AES_256_GCM_SHA384"}, {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
		{0x1304, "TLS_AES_128_CCM_SHA256"}, {0x1305, "TLS_AES_128_CCM_8_SHA256"}, {0x1306, "TLS_AEGIS_256_SHA512"}, {0x1307, "TLS_AEGIS_128L_SHA256"},
		{0x00C6, "TLS_SM4_GCM_SM3"}, {0x00C7, "TLS_SM4_CCM_SM3"}, {0xC0B4, "TLS_SHA256_SHA256"}, {0xC0B5, "TLS_SHA384_SHA384"},
		{0xC103, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L"}, {0xC104, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_L"},
		{0xC105, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_S"}, {0xC106, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_S"},
	}
}

// ancientSuites are those of SSLv2.
func ancientSuites() []Suite {
	return []Suite{
		{0x010080, "SSL_CK_RC4_128_WITH_MD5"}, {0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5"},
		{0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5"}, {0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5"},
		{0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5"}, {0x060040, "SSL_CK_DES_64_CBC_WITH_MD5"}, {0x0700C0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"},
	}
}

// named is a suite that a server has listed, by its number.
func named(id uint32, known []Suite) Suite {
	if i := slices.IndexFunc(known, func(s Suite) bool { return s.ID == id }); i >= 0 {
		return known[i]
	}
	return Suite{id, fmt.Sprintf("0x%06X", id)}
}
