package tlsprobe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const (
	opensslInstall = "apt-get install -y --no-install-recommends openssl"
	weakest        = "ALL:eNULL:aNULL:@SECLEVEL=0"
)

// sServer runs `openssl s_server` with a certificate and further arguments. It serves one connection after the other.
func sServer(t testing.TB, cert tls.Certificate, args ...string) (address string) {
	t.Helper()
	openssl := parts.Program(t, "openssl", opensslInstall)
	certFile, keyFile := writePEM(t, t.TempDir(), cert)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), openssl, append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", certFile, "-key", keyFile}, args...)...)
	in, err := cmd.StdinPipe() // it ends when there is nothing to read from a terminal
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		_ = in.Close()
	})
	found := make(chan string, 1)
	go func() {
		defer close(found)
		for lines := bufio.NewScanner(out); lines.Scan(); { // the pipe is read to its end, or the server would wait
			if address, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok && len(found) == 0 {
				found <- address
			}
		}
	}()
	select {
	case address = <-found:
	case <-time.After(10 * time.Second):
	}
	if address == "" {
		t.Fatal("openssl s_server does not say where it listens")
	}
	return address
}

func writePEM(t testing.TB, dir string, cert tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var chain []byte
	for _, raw := range cert.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})...)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, text := range map[string][]byte{certFile: chain, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// opensslSuites are what OpenSSL says it can do in a version with a certificate of RSA.
func opensslSuites(t *testing.T, flag string) (names []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), parts.Program(t, "openssl", opensslInstall), "ciphers", "-s", flag, "-stdname", weakest).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(line, " ")
		exchange, _, split := strings.Cut(name, "_WITH_")
		if !split || slices.Contains([]string{"TLS_RSA", "TLS_DHE_RSA", "TLS_ECDHE_RSA", "TLS_DH_anon", "TLS_ECDH_anon"}, exchange) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestTheWeakestOpenSSL(t *testing.T) {
	authority := newCA(t, "ECDSA")
	address := sServer(t, authority.issue(t, leaf{key: "RSA"}), "-cipher", weakest, "-legacy_renegotiation")
	facts, err := probe().Look(t.Context(), Target{Address: address, Name: "escrow.example", Roots: authority.roots()})
	if err != nil {
		t.Fatal(err)
	}
	for name, flag := range map[string]string{"TLS 1.0": "-tls1", "TLS 1.1": "-tls1_1", "TLS 1.2": "-tls1_2"} {
		v, _ := facts.Version(name)
		var got []string
		for _, s := range v.Suites {
			got = append(got, s.Name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(opensslSuites(t, flag), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for _, trait := range []Trait{NoEncryption, Anonymous, CBC, NoForwardSecrecy} {
			if len(v.With(trait)) == 0 {
				t.Errorf("%s: no suite with %s", name, trait)
			}
		}
		if !v.SecureRenegotiation || !v.SessionTickets || !v.ExtendedMasterSecret || v.Compression {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v, _ := facts.Version("TLS 1.3"); len(v.Suites) != 3 || !v.SessionTickets {
		t.Errorf("TLS 1.3: %v, tickets %t", v.Suites, v.SessionTickets)
	}
	for _, name := range []string{"SSLv2", "SSLv3"} {
		if v, _ := facts.Version(name); v.Accepted || v.Refusal == "" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if len(facts.Chains) != 1 || !facts.Chains[0].Trusted {
		t.Errorf("chains: %+v", facts.Chains)
	}
}

func TestOneVersionOfOpenSSL(t *testing.T) {
	authority := newCA(t, "ECDSA")
	own := authority.issue(t, leaf{})
	for name, flag := range map[string]string{"TLS 1.0": "-tls1", "TLS 1.1": "-tls1_1", "TLS 1.2": "-tls1_2", "TLS 1.3": "-tls1_3"} {
		facts, err := probe().Look(t.Context(), Target{Address: sServer(t, own, flag, "-cipher", "ALL:@SECLEVEL=0"), Name: "escrow.example", Roots: authority.roots()})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, v := range facts.Versions {
			if v.Accepted != (v.Name == name) || v.Err != nil {
				t.Errorf("a server of %s only: %+v", name, v)
			}
		}
		if len(facts.Chains) != 1 || facts.Chains[0].Protocol != name {
			t.Errorf("a server of %s only: chains %+v", name, facts.Chains)
		}
	}
}

// OpenSSL staples what it fetched from the certificate's responder before it goes on.
func TestOpenSSLStaples(t *testing.T) {
	authority := newCA(t, "ECDSA")
	own := authority.issue(t, leaf{responder: authority.responder(t)})
	own.Certificate = append(own.Certificate, authority.cert.Raw)
	dir := t.TempDir()
	root, _ := writePEM(t, dir, tls.Certificate{Certificate: [][]byte{authority.cert.Raw}, PrivateKey: authority.key})
	facts, err := probe().Look(t.Context(), Target{
		Address: sServer(t, own, "-status", "-CAfile", root), Name: "escrow.example", Roots: authority.roots(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := facts.Chains[0].Staple; !got.Stapled || got.Problem != "" || got.Status != Good {
		t.Errorf("%+v", got)
	}
}
