package ctl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	neturl "net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/network"

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

// TestEveryCommandRefusesAnotherNetwork, before it reads or sends anything: neither is a figure of another network shown as one of that
// which is meant, nor a transaction signed that is good for the one and goes to the other.
func TestEveryCommandRefusesAnotherNetwork(t *testing.T) {
	w := newWorld(t, "admin", "receiver")
	contract := w.deploy().Contract
	_, _, usdc := w.network.USDC()
	node, asked := w.listened()
	me, hash := w.keys["admin"].Address(), strings.Repeat("ab", 32)
	keyed := []string{"--key-file", w.keyFile("admin")}
	commands := map[string][]string{
		"deploy": append(keyed, "--admin", me, "--fee-receiver", me, "--fee-bps=50", "--asset", usdc), "asset-contract": append(keyed, "native"), "info": nil, "terms": {hash}, "extend": keyed,
		"propose-fee": append(keyed, "--bps=50", "--receiver", me), "cancel-fee": keyed, "pause": keyed, "unpause": keyed, "propose-admin": append(keyed, "--to", me),
		"accept-admin": keyed, "set-anchor": append(keyed, "--key", me), "anchor": append(keyed, "--seq=1", "--hash", hash),
	}
	for _, m := range regexp.MustCompile(`(?m)^  contract ([a-z-]+) `).FindAllStringSubmatch(w.help(), -1) {
		if _, ok := commands[m[1]]; !ok {
			t.Errorf("escrowctl contract %s is not tried", m[1])
		}
	}
	for name, flags := range commands {
		if name != "deploy" && name != "asset-contract" {
			flags = append(flags[:len(flags):len(flags)], "--contract", contract)
		}
		for variant, more := range map[string][]string{"": nil, ", dry": {"--dry-run"}, ", of a trade": {"--trade", hash}} {
			if name != "extend" && more != nil {
				continue
			}
			t.Run(name+variant, func(t *testing.T) {
				args := append(append([]string{"contract", name, "--rpc", node, "--passphrase=main"}, flags...), more...)
				refused(t, cli.ExitNotLooked, args, fmt.Sprintf("the node serves %q, configured is %q", w.network.Passphrase(), network.PublicNetworkPassphrase), "--rpc", "--passphrase")
				if got := asked(); len(got) != 1 || got[0] != "getNetwork" {
					t.Errorf("the node was asked %q, want it asked for its network only", got)
				}
			})
		}
	}
}

// listened is a way to the world's node, and what has been asked of it since the last time.
func (w *world) listened() (url string, asked func() []string) {
	w.t.Helper()
	node, err := neturl.Parse(w.rpc)
	if err != nil {
		w.t.Fatal(err)
	}
	var mu sync.Mutex
	var methods []string
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(node)
		body, err := io.ReadAll(r.In.Body)
		if err != nil {
			w.t.Error(err)
		}
		r.Out.Body = io.NopCloser(bytes.NewReader(body))
		var call struct{ Method string }
		if err := json.Unmarshal(body, &call); err != nil {
			w.t.Errorf("asked %s: %v", body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		methods = append(methods, call.Method)
	}}
	s := httptest.NewServer(proxy)
	w.t.Cleanup(s.Close)
	return s.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		defer func() { methods = nil }()
		return methods
	}
}

func (w *world) help() string {
	w.t.Helper()
	var out bytes.Buffer
	if err := ctl.Run(w.t.Context(), []string{"--help"}, &out); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

// TestFeeOutOfRange: it is refused before a key is read or a node asked. The file that is named does not exist.
func TestFeeOutOfRange(t *testing.T) {
	const contract = "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM"
	for _, fee := range []string{"0", "1", "99", "4294967296", "99999999999", "-100", "1e3", "0x80", "0100", "100.5", "", "XLM"} {
		for _, command := range [][]string{{"pause"}, {"extend"}, {"extend", "--dry-run"}, {"anchor", "--seq=1", "--hash=" + strings.Repeat("ab", 32)}} {
			t.Run(strings.Join(append(command[:1:1], fee), " "), func(t *testing.T) {
				args := append([]string{"contract"}, command...)
				refused(t, cli.ExitMisused, append(args, "--contract", contract, "--fee="+fee, "--passphrase=test", "--rpc", silent(t), "--key-file=none.key"),
					"--fee", fmt.Sprintf("%q", fee), "100 to 4294967295 stroops")
			})
		}
	}
}
