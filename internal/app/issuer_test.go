package app

import (
	"bytes"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
)

// TestTheIssuerOfDevCanFreeze does with what `dev` prints, and nothing else, what a developer needs to see a payout that fails.
func TestTheIssuerOfDevCanFreeze(t *testing.T) {
	env := environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, log: quiet}
	p, err := startPlatform(t.Context(), env, "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	}()
	printed := map[string]account{}
	for _, a := range p.ready.Accounts {
		printed[a.Role] = a
	}
	issuer, seller := printed["issuer"], printed["seller"]
	if issuer.Address != p.ready.USDC.Issuer {
		t.Fatalf("the issuer is %q, USDC is issued by %s", issuer.Address, p.ready.USDC.Issuer)
	}
	h, err := holdingsOf(t.Context(), p.network, p.client, issuer.Address)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount:        &txnbuild.SimpleAccount{AccountID: issuer.Address, Sequence: h.sequence},
		IncrementSequenceNum: true, BaseFee: txnbuild.MinBaseFee, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
		Operations: []txnbuild.Operation{&txnbuild.SetTrustLineFlags{
			Trustor: seller.Address, Asset: txnbuild.CreditAsset{Code: p.ready.USDC.Code, Issuer: issuer.Address}, ClearFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if tx, err = tx.Sign(p.ready.Passphrase, keypair.MustParseFull(issuer.Secret)); err != nil {
		t.Fatal(err)
	}
	if err := applied(p.network.Submit(t.Context(), tx.ToXDR())); err != nil {
		t.Fatalf("freeze the seller: %v", err)
	}
	if err := applied(p.network.FundUSDC(t.Context(), seller.Address, 1)); err == nil {
		t.Error("the seller is frozen, and was paid")
	}
	w, err := p.world()
	if err != nil {
		t.Fatal(err)
	}
	if _, plays := w.People["issuer"]; plays {
		t.Error("the issuer is among the people of the demo: its balance has no end")
	}
}
