package sameid

import (
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// TestHostileEncodingsInTheBuiltContract: the wasm that is deployed takes for terms what the list says, and no more. `open` reads every part of them: what it
// is given is refused by the host where it is no terms, and by a code of the contract, or not at all, where it is.
func TestHostileEncodingsInTheBuiltContract(t *testing.T) {
	// A day before the first deadline of the terms.
	now := time.Unix(int64(goodTerms().FundBy)-86_400, 0)
	n := localnettest.Open(t, localnet.Options{Now: func() time.Time { return now }})
	network, err := stellar.NewNetwork(n.Passphrase())
	if err != nil {
		t.Fatal(err)
	}
	client, err := rpc.New(rpc.Config{URL: localnettest.Serve(t, n).URL, Network: network})
	if err != nil {
		t.Fatal(err)
	}
	payer := localnettest.FundedKey(t, n)
	source, err := stellar.ParseAccount(payer.Address())
	if err != nil {
		t.Fatal(err)
	}
	code, codeHash, err := wasm.Escrow()
	if err != nil {
		t.Fatal(err)
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		t.Fatal(err)
	}
	_, _, usdc := n.USDC()
	asset, err := stellar.ParseAddress(usdc)
	if err != nil {
		t.Fatal(err)
	}
	const year = 366 * 86_400
	d, err := deploy.Deploy(t.Context(), &deploy.Sender{Client: client, Key: payer}, deploy.Plan{
		Code: code, CodeHash: codeHash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: source, FeeBps: goodTerms().FeeBps, FeeReceiver: source, Asset: asset,
		Limits: escrow.Limits{
			AppealMax: year, AppealMin: 1, FeeDelay: 86_400, InspectionMax: year, InspectionMin: 1, LongestLife: year, MinDelivery: 1, OffersMax: year, OffersMin: 1,
			RulingMax: year, RulingMin: 1,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	open := func(t *testing.T, terms xdr.ScVal) (id *xdr.ScVal, refusal string) {
		t.Helper()
		args := xdr.InvokeContractArgs{ContractAddress: d.Contract.ScAddress(), FunctionName: "open", Args: []xdr.ScVal{terms, u32(0)}}
		tx, err := stellar.Invoke(stellar.Envelope{Source: source, Sequence: 1, NotAfter: goodTerms().FundBy, InclusionFee: 100}, args)
		if err != nil {
			t.Fatal(err)
		}
		text, err := tx.Base64()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Simulate(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Error != "" {
			first, _, _ := strings.Cut(answer.Error, "\n")
			return nil, first
		}
		var v xdr.ScVal
		if err := stellar.Decode("id", *answer.Results[0].ReturnValueXDR, &v); err != nil {
			t.Fatal(err)
		}
		return &v, ""
	}
	tried, opened := 0, 0
	for _, c := range hostile(t) {
		var v xdr.ScVal
		if xdr.SafeUnmarshal(c.raw, &v) != nil {
			continue // no transaction can carry it
		}
		tried++
		t.Run(c.name, func(t *testing.T) {
			id, refusal := open(t, v)
			byCode := strings.Contains(refusal, "Error(Contract, #")
			if c.terms != (id != nil || byCode) {
				t.Errorf("terms: %v, and it answers %q", c.terms, refusal)
			}
			if id == nil {
				return
			}
			opened++
			want, err := servers{}.read(question{network: network, contract: d.Contract, raw: c.raw})
			if got, ok := id.GetBytes(); err != nil || !ok || string(got) != string(want.id[:]) {
				t.Errorf("the id is %x, want %x, %v", got, want.id, err)
			}
		})
	}
	if tried < 60 || opened == 0 {
		t.Errorf("%d encodings were tried, %d opened a trade: too few", tried, opened)
	}
}
