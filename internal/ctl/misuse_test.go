package ctl_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

// refused calls escrowctl, which must refuse with that code, say all of what is wanted, and print nothing.
func refused(t *testing.T, code int, args []string, want ...string) {
	t.Helper()
	var out bytes.Buffer
	err := ctl.Run(t.Context(), args, &out)
	if err == nil {
		t.Fatalf("escrowctl %s: no error, printed %s", strings.Join(args, " "), out.String())
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %q, want it to say %q", err, w)
		}
	}
	if got := ctl.ExitCode(err); got != code {
		t.Errorf("exit code %d, want %d (%v)", got, code, err)
	}
	if out.Len() > 0 {
		t.Errorf("it printed\n%s", out.String())
	}
	if strings.Contains(err.Error(), "json:") || strings.Contains(err.Error(), "uint64") || strings.Contains(err.Error(), "Go ") {
		t.Errorf("it speaks of its own types: %q", err)
	}
}

// silent is a node that no command may ask anything.
func silent(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the node was asked")
		http.Error(w, "not for this test", http.StatusInternalServerError)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestLimitsAreReadToTheLetter: what is misread in them stands in a contract that nobody can change.
func TestLimitsAreReadToTheLetter(t *testing.T) {
	const names = "appeal_max, appeal_min, fee_delay, inspection_max, inspection_min, longest_life, min_delivery, offers_max, offers_min, ruling_max, ruling_min"
	who := keypair.MustRandom().Address()
	for name, c := range map[string]struct {
		limits string
		want   []string
	}{
		"an unknown name":                        {`{"foo": 1}`, []string{`"foo"`, "unknown", names}},
		"a mistyped name":                        {`{"inspecton_min": 3600}`, []string{`"inspecton_min"`, names}},
		"a name in capitals":                     {`{"Inspection_Min": 3600}`, []string{`"Inspection_Min"`, names}},
		"a name twice":                           {`{"fee_delay": 1, "fee_delay": 86400}`, []string{`"fee_delay"`, "twice"}},
		"a name twice, escaped":                  {`{"fee_delay": 1, "fee\u005fdelay": 86400}`, []string{`"fee_delay"`, "twice"}},
		"null":                                   {`null`, []string{"null", names}},
		"a list":                                 {`[86400]`, []string{"not an object", names}},
		"a number":                               {`86400`, []string{"not an object", names}},
		"null for a number":                      {`{"fee_delay": null}`, []string{`"fee_delay"`, "null", "seconds"}},
		"text for a number":                      {`{"fee_delay": "3d"}`, []string{`"fee_delay"`, `"3d"`, "seconds"}},
		"a number in quotes":                     {`{"fee_delay": "86400"}`, []string{`"fee_delay"`, "seconds"}},
		"a negative number":                      {`{"fee_delay": -1}`, []string{`"fee_delay"`, "-1", "seconds"}},
		"a fraction":                             {`{"fee_delay": 1.5}`, []string{`"fee_delay"`, "1.5", "seconds"}},
		"an exponent":                            {`{"fee_delay": 1e5}`, []string{`"fee_delay"`, "1e5", "seconds"}},
		"more than the contract's":               {`{"fee_delay": 18446744073709551616}`, []string{`"fee_delay"`, "18446744073709551616"}},
		"an object for a number":                 {`{"fee_delay": {"days": 1}}`, []string{`"fee_delay"`, "seconds"}},
		"text after it":                          {`{"fee_delay": 86400} x`, []string{"--limits", "after"}},
		"another object after it":                {`{"fee_delay": 86400}{"fee_delay": 1}`, []string{"--limits", "after"}},
		"no JSON":                                {`fee_delay=86400`, []string{"--limits"}},
		"an object that is cut off":              {`{"fee_delay": 86400`, []string{"--limits", "end"}},
		"nothing, by a variable that is not set": {``, []string{"--limits", names}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, cli.ExitMisused, []string{"contract", "deploy", "--admin", who, "--fee-receiver", who, "--fee-bps=50", "--asset=native", "--limits=" + c.limits,
				"--passphrase=test", "--rpc", silent(t), "--key-file", keyOf(t, keypair.MustRandom())}, append(c.want, "--limits")...)
		})
	}
}
