//go:build unix

package nginx_test

import (
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/clauses"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// audit asks the guide about a door that runs, by the name that it is asked for and the certificates (PEM) that it may come from.
func (d *door) audit(t *testing.T, name, roots string) map[string]guide.Clause {
	t.Helper()
	d.api.answers(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "no-such") {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, []byte(roots), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := clauses.Guide()
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := g.Choose([]string{"N11", "N12", "N13", "N14", "C5"})
	if err != nil {
		t.Fatal(err)
	}
	s := facts.Running(facts.Targets{Door: "https://" + name, Address: d.https, Roots: file})
	all := map[string]guide.Clause{}
	for _, c := range guide.Audit(t.Context(), chosen, guide.Asked{Running: s, Within: time.Minute, Now: time.Now}).Clauses {
		all[c.Control.ID] = c
	}
	return all
}

// certified opens a door whose certificate is good for so long, and gives the certificate.
func certified(t *testing.T, lasts time.Duration, more ...change) (d *door, cert string) {
	t.Helper()
	cert, key, _ := certify(t, time.Now().Add(lasts))
	return openWith(t, false, map[string]string{"tls/fullchain.pem": cert, "tls/privkey.pem": key}, more...), cert
}

const season = 90 * 24 * time.Hour

// TestTheGuideOfADoorThatRuns breaks the running door in each way that its clauses name. Each must be found by exactly that name, and no other clause
// may say anything else than of a door that is as it must be.
func TestTheGuideOfADoorThatRuns(t *testing.T) {
	good := map[string]string{"N11": "PASS", "N12": "PASS", "N13": "PASS", "N14": "GUIDE DEFECT", "C5": "PASS"}
	check := func(t *testing.T, got map[string]guide.Clause, clause, want string) {
		t.Helper()
		for id, c := range got {
			said := strings.Join(append([]string{string(c.Running.Verdict())}, c.Modes()...), " ")
			expected := good[id]
			if id == clause {
				expected = want
			}
			if said != expected {
				t.Errorf("%s is %s, want %s: %s %v", id, said, expected, c.Running.Reason(), c.Running.Findings())
			}
		}
	}
	for _, c := range []struct {
		name         string
		clause, want string
		lasts        time.Duration
		as           string // the name that it is asked for
		change       []change
	}{
		{"as it must be", "", "", season, name, nil},
		{"old protocols", "N11", "FAIL old-protocol-accepted weak-suite-accepted", season, name, []change{{"include/tls.conf", "TLSv1.2 TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", 1}, {"include/tls.conf", ":ECDHE-RSA-CHACHA20-POLY1305;", ":ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0;", 1}}},
		{"a weak suite", "N11", "FAIL weak-suite-accepted", season, name, []change{{"include/tls.conf", ":ECDHE-RSA-CHACHA20-POLY1305;", ":ECDHE-ECDSA-AES128-SHA;", 1}}},
		{"no TLS 1.3", "N11", "FAIL new-protocol-refused", season, name, []change{{"include/tls.conf", "TLSv1.2 TLSv1.3", "TLSv1.2", 1}}},
		{"no HSTS", "N12", "FAIL answer-without", season, name, []change{{"nginx.conf", "        include include/hsts.conf;\n", "", 1}}},
		{"HSTS for a year", "N12", "FAIL answer-with-another", season, name, []change{{"include/hsts.conf", "max-age=63072000", "max-age=31536000", 1}}},
		{"HSTS twice", "N12", "FAIL answer-with-another", season, name, []change{{"nginx.conf", "        include include/hsts.conf;\n", "        include include/hsts.conf;\n        include include/hsts.conf;\n", 1}}},
		{"error pages without a header", "N13", "FAIL answer-without", season, name, []change{{"include/headers.conf", "add_header Referrer-Policy no-referrer always;", "add_header Referrer-Policy no-referrer;", 1}}},
		{"frames of the same origin", "N13", "FAIL answer-with-another", season, name, []change{{"include/headers.conf", "X-Frame-Options DENY", "X-Frame-Options SAMEORIGIN", 1}}},
		{"a certificate that ends soon", "C5", "FAIL ends-soon", 29 * 24 * time.Hour, name, nil},
		{"a certificate for another name", "C5", "FAIL another-name", season, "other.example", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, cert := certified(t, c.lasts, c.change...)
			got := d.audit(t, c.as, cert)
			if c.as != name { // what nobody vouches for under that name is asked nothing
				for _, id := range []string{"N12", "N13"} {
					if v := got[id].Running.Verdict(); v != guide.NotEvidenced {
						t.Errorf("%s is %s, though the door could not be asked", id, v)
					}
					delete(got, id)
				}
			}
			check(t, got, c.clause, c.want)
		})
	}

	t.Run("a certificate of nobody's", func(t *testing.T) {
		d, _ := certified(t, season)
		other, _, _ := certify(t, time.Now().Add(season))
		if got := d.audit(t, name, other)["C5"]; !slices.Equal(got.Modes(), []string{"not-trusted"}) {
			t.Errorf("%v %v", got.Modes(), got.Running.Findings())
		}
	})
	a := newAuthority(t)
	roots := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	t.Run("a response that is stapled", func(t *testing.T) {
		d := withAuthority(t, a, a.url)
		if got := d.audit(t, name, roots)["N14"]; got.Running.Verdict() != guide.Passed {
			t.Errorf("%s %v %s", got.Running.Verdict(), got.Running.Findings(), got.Running.Reason())
		}
	})
	t.Run("a responder that does not answer", func(t *testing.T) {
		d := withAuthority(t, a, "http://127.0.0.1:1")
		if got := d.audit(t, name, roots)["N14"]; !slices.Equal(got.Modes(), []string{"not-stapled"}) {
			t.Errorf("%v %s", got.Modes(), got.Running.Reason())
		}
	})
}
