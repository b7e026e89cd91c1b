package e2e

import (
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TestTheSameTermsElsewhere opens equal terms, to the byte, in two contracts on each of two networks: the contract must give four ids, those that Go
// computes, so that nothing said about one trade can be taken for another (docs/contract-attacks.md E8).
func TestTheSameTermsElsewhere(t *testing.T) {
	stories, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	story := stories[0]
	for _, s := range stories {
		if s.Name == "life/happy" {
			story = s
		}
	}
	var terms *escrow.Terms
	var at uint64
	found := map[escrow.ID]string{}
	for _, passphrase := range []string{"StellarEscrow stories ; one", "StellarEscrow stories ; two"} {
		b, err := newBuilt(t.Context(), passphrase, stories)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := b.Reset(story); err != nil {
				t.Fatal(err)
			}
			if terms == nil {
				first := b.Terms["t"]
				terms, at = &first, b.Start
			}
			// The second network knows the first one's people only as addresses. Nobody has to sign there: recording grants it.
			args, err := stellar.EncodeCall(b.contract, escrow.CallOpen{Terms: *terms})
			if err != nil {
				t.Fatal(err)
			}
			sim, err := b.chain.simulate(t.Context(), at, invoke(args), host.RecordAuth, nil)
			if err != nil {
				t.Fatal(err)
			}
			if sim.Failure != nil {
				t.Fatalf("open in %s: %s", passphrase, sim.Failure.Text)
			}
			raw, ok := sim.Value.GetBytes()
			want, err := b.ID(*terms)
			if err != nil {
				t.Fatal(err)
			}
			if !ok || escrow.ID(raw) != want {
				t.Errorf("%s, contract %s: open returned %x, Go computes %x", passphrase, b.contract, raw, want)
			}
			found[want] = passphrase
		}
	}
	if len(found) != 4 {
		t.Errorf("four openings of the same terms have %d ids", len(found))
	}
}
