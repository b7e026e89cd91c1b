package ctl_test

import (
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

// TestAssetWithoutContract deploys for assets that have no contract yet: it says so, and how one is made, by words that then work.
func TestAssetWithoutContract(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "issuer", "stranger")
	deploy := func(asset string) (string, error) {
		return w.run("admin", "contract", "deploy", "--admin", w.keys["admin"].Address(), "--fee-receiver", w.keys["receiver"].Address(), "--fee-bps=50", "--asset", asset)
	}
	for _, asset := range []string{"native", "TEST:" + w.keys["issuer"].Address()} {
		out, err := deploy(asset)
		if ctl.ExitCode(err) != 1 || out != "" {
			t.Fatalf("deployed for %s: %q, %v", asset, out, err)
		}
		for _, want := range []string{"--asset", "does not exist yet", w.network.Passphrase(), "escrowctl contract asset-contract " + asset, "stellar contract asset deploy --asset " + asset} {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "HostError") {
				t.Errorf("deployed for %s: got %q, want it to say %q", asset, err, want)
			}
		}
		before := w.account("stranger").SeqNum
		if out := w.must("stranger", "contract", "asset-contract", asset); !strings.HasPrefix(out, "asset-contract: done in ledger ") || !strings.Contains(out, "\nasset         C") {
			t.Errorf("made the contract of %s: %q", asset, out)
		}
		if out := w.must("stranger", "contract", "asset-contract", asset); !strings.HasPrefix(out, "asset-contract: it stands already; nothing was sent\n") {
			t.Errorf("made the contract of %s again: %q", asset, out)
		}
		if sent := w.account("stranger").SeqNum - before; sent != 1 {
			t.Errorf("%d transactions were sent for the contract of %s, want 1", sent, asset)
		}
		if out, err := deploy(asset); err != nil || !strings.Contains(out, ", 7 decimals\n") {
			t.Errorf("deployed for %s that has its contract: %q, %v", asset, out, err)
		}
	}

	nobody := keypair.MustRandom().Address()
	for name, c := range map[string]struct {
		args []string
		want string
		code int
	}{
		"an issuer that does not exist": {[]string{"asset-contract", "TEST:" + nobody}, nobody, 1},
		"no issuer":                     {[]string{"asset-contract", "TEST"}, "neither CODE:ISSUER nor native", 3},
		"a contract's address":          {[]string{"asset-contract", "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM"}, "neither CODE:ISSUER nor native", 3},
		"an address where nothing stands": {[]string{"deploy", "--admin", w.keys["admin"].Address(), "--fee-receiver", w.keys["admin"].Address(), "--fee-bps=50",
			"--asset=CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM"}, "escrowctl contract asset-contract CODE:ISSUER", 1},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := w.run("stranger", append([]string{"contract"}, c.args...)...)
			if err == nil || ctl.ExitCode(err) != c.code || !strings.Contains(err.Error(), c.want) || out != "" {
				t.Errorf("got %q, %v (exit code %d), want %q and %d", out, err, ctl.ExitCode(err), c.want, c.code)
			}
		})
	}
}
