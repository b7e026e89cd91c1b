package tlsprobe

import (
	"crypto/tls"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// BenchmarkAgainstTestssl asks the same questions of the same server as testssl.sh: protocols, suites of each, and what the server shows
// (certificate, stapling, ALPN, tickets, compression). We must need less than a twentieth of its time.
func BenchmarkAgainstTestssl(b *testing.B) {
	testssl := parts.Program(b, "testssl", "apt-get install -y --no-install-recommends testssl.sh")
	authority := newCA(b, "ECDSA")
	address := serve(b, &tls.Config{Certificates: []tls.Certificate{authority.issue(b, leaf{key: "RSA"})}, MinVersion: tls.VersionTLS12})
	began := time.Now()
	cmd := exec.CommandContext(b.Context(), testssl, "--quiet", "--warnings", "off", "--color", "0", "--ip", "one", "--nodns", "min", "-p", "-E", "-S", address)
	out, err := cmd.CombinedOutput() // its exit code counts what it found
	theirs := time.Since(began)
	for _, wanted := range []string{"TLS 1.3", "ECDHE-RSA-AES128-GCM-SHA256", "OCSP stapling"} {
		if !strings.Contains(string(out), wanted) {
			b.Fatalf("testssl says nothing of %s: %v\n%s", wanted, err, out)
		}
	}
	var ours time.Duration
	for b.Loop() {
		began := time.Now()
		facts, err := probe().Look(b.Context(), Target{Address: address, Name: "escrow.example", Roots: authority.roots()})
		if v, _ := facts.Version("TLS 1.2"); err != nil || len(v.Suites) == 0 {
			b.Fatalf("%v: %+v", err, v)
		}
		ours += time.Since(began)
	}
	ours /= time.Duration(b.N)
	b.ReportMetric(theirs.Seconds(), "s/testssl")
	b.ReportMetric(float64(theirs)/float64(ours), "times_faster")
	if ours*20 > theirs {
		b.Errorf("a look took %s, testssl %s: more than a twentieth", ours, theirs)
	}
}
