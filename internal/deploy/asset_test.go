package deploy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TestCreateAsset makes the contracts of XLM and of an asset that somebody issues, so that trades can be made in them.
func TestCreateAsset(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"native", "TEST:" + w.key.Address()} {
		t.Run(name, func(t *testing.T) {
			asset, err := stellar.ParseAsset(name)
			if err != nil {
				t.Fatal(err)
			}
			p := w.plan()
			if p.Asset, err = stellar.AssetContract(w.sender().Client.Network(), asset); err != nil {
				t.Fatal(err)
			}
			if d, err := w.try(t.Context(), p); !errors.Is(err, deploy.ErrNoAsset) || strings.Contains(err.Error(), "HostError") {
				t.Fatalf("deployed for an asset without a contract: %+v, %v", d, err)
			}
			before := w.account(w.key.Address())
			contract, r, err := deploy.CreateAsset(t.Context(), w.sender(), asset)
			if err != nil || contract != p.Asset || r == nil || r.Ledger == 0 {
				t.Fatalf("made %s, %+v, %v, want %s", contract, r, err, p.Asset)
			}
			if paid := int64(before.Balance - w.account(w.key.Address()).Balance); paid != r.FeeCharged {
				t.Errorf("%d stroops are gone, the receipt says %d", paid, r.FeeCharged)
			}
			if contract, r, err := deploy.CreateAsset(t.Context(), w.sender(), asset); err != nil || contract != p.Asset || r != nil {
				t.Errorf("again: %s, %+v, %v, want it found", contract, r, err)
			}
			if n := w.sent(before.SeqNum); n != 1 {
				t.Errorf("%d transactions were sent, want 1", n)
			}
			if d, err := w.try(t.Context(), p); err != nil || d.Decimals != 7 {
				t.Errorf("deployed for it: %+v, %v", d, err)
			}
		})
	}
}

// TestCreateAssetRefuses an asset that nobody can have issued: a mistyped one would get a contract, and trades would be made in it.
func TestCreateAssetRefuses(t *testing.T) {
	w := newWorld(t)
	nobody := keypair.MustRandom().Address()
	before := w.account(w.key.Address()).SeqNum
	contract, r, err := deploy.CreateAsset(t.Context(), w.sender(), xdr.MustNewCreditAsset("TEST", nobody))
	if !errors.Is(err, deploy.ErrNothing) || !strings.Contains(err.Error(), nobody) || r != nil {
		t.Errorf("got %s, %+v, %v", contract, r, err)
	}
	if n := w.sent(before); n != 0 {
		t.Errorf("%d transactions were sent", n)
	}
}

// TestCreateAssetThatStoodMeanwhile loses the answer to what was sent, on a node that no longer knows of it: the contract stands, whoever made it.
func TestCreateAssetThatStoodMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.wire.forgets = true
	w.wire.during(func(m string, nth int) bool { return m == send && nth == 1 || m == "getTransaction" && nth == 1 })
	if contract, r, err := deploy.CreateAsset(t.Context(), w.sender(), xdr.MustNewNativeAsset()); err != nil || r != nil {
		t.Errorf("got %s, %+v, %v, want it found", contract, r, err)
	}
}
