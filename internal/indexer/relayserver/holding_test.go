package relayserver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

func TestAccountsAndHoldings(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	stranger, err := keypair.Random()
	must(t, err)
	bare := localnettest.FundedKey(t, w.net)
	ctx := t.Context()

	if a, err := w.relay.Account(ctx, stranger.Address()); err != nil || a.Exists || a.Ledger.Sequence == 0 {
		t.Errorf("an account that is not there: %+v, %v", a, err)
	}
	a, err := w.relay.Account(ctx, w.people["buyer"].Address())
	must(t, err)
	// Two reserves for the account, one for the trustline.
	if !a.Exists || a.Sequence <= 0 || a.Spendable != a.Balance-3*5_000_000 {
		t.Errorf("the buyer: %+v", a)
	}
	for _, bad := range []string{"", w.contract.String(), "nobody"} {
		if _, err := w.relay.Account(ctx, bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("account %q: %v", bad, err)
		}
	}

	native, err := stellar.AssetContract(w.network, xdr.MustNewNativeAsset())
	must(t, err)
	tx, err := stellar.CreateAsset(w.from("operator"), xdr.MustNewNativeAsset())
	must(t, err)
	w.freely("operator", tx)
	token := w.badToken()
	w.call("operator", invocation(token, "mint", w.address("buyer").ScVal(), scval.I128(77)))

	seller := w.people["seller"].Address()
	_, err = w.net.FreezeUSDC(ctx, seller, true)
	must(t, err)
	const most = "9223372036854775807"
	room := amount.MaxStroops.Int128().Minus(amount.Int(1000 * usdc)).Units()
	for _, c := range []struct {
		name   string
		asset  stellar.Address
		holder string
		want   relay.Holding
	}{
		{"a trustline", w.asset, w.people["buyer"].Address(), relay.Holding{
			Kind: relay.HoldingTrustline, Exists: true, Authorized: true, Balance: "10000000000", Spendable: "10000000000", Receivable: room}},
		{"a frozen one", w.asset, seller, relay.Holding{
			Kind: relay.HoldingTrustline, Exists: true, Balance: "10000000000", Spendable: "10000000000", Receivable: room}},
		{"an account without one", w.asset, bare.Address(), relay.Holding{Kind: relay.HoldingTrustline, Balance: "0", Spendable: "0", Receivable: "0"}},
		{"the issuer", w.asset, w.net.Issuer().Address(), relay.Holding{
			Kind: relay.HoldingIssuer, Exists: true, Authorized: true, Balance: "0", Spendable: most, Receivable: most}},
		{"a contract that has nothing yet", w.asset, w.contract.String(), relay.Holding{
			Kind: relay.HoldingContract, Exists: true, Authorized: true, Balance: "0", Spendable: "0", Receivable: amount.MaxInt128().Units()}},
		{"XLM of nobody", native, stranger.Address(), relay.Holding{Kind: relay.HoldingNative, Balance: "0", Spendable: "0", Receivable: "0"}},
		{"XLM", native, bare.Address(), relay.Holding{
			Kind: relay.HoldingNative, Exists: true, Authorized: true, Balance: "100000000000", Spendable: "99990000000",
			Receivable: amount.MaxStroops.Int128().Minus(amount.Int(10_000 * usdc)).Units()}},
		{"a token of somebody's", token, w.people["buyer"].Address(), relay.Holding{
			Kind: relay.HoldingContract, Exists: true, Authorized: true, Balance: "77", Spendable: "77", Receivable: amount.MaxInt128().Units()}},
	} {
		got, err := w.relay.Holding(ctx, c.asset.String(), c.holder)
		must(t, err)
		c.want.Asset, c.want.Holder, c.want.Ledger = c.asset.String(), c.holder, got.Ledger
		if got != c.want || got.Ledger.CloseTime == 0 {
			t.Errorf("%s: got\n%+v, want\n%+v", c.name, got, c.want)
		}
	}
	for _, bad := range [][2]string{{w.asset.String(), "nobody"}, {"USDC", seller}, {seller, seller}, {w.contract.String(), seller}} {
		if h, err := w.relay.Holding(ctx, bad[0], bad[1]); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("%s of %s: %+v, %v", bad[0], bad[1], h, err)
		}
	}

	_, issuer, _ := w.net.USDC()
	for _, c := range []struct {
		name string
		want relay.Asset
	}{
		{"USDC", relay.Asset{
			Address: w.asset.String(), Kind: relay.AssetStellar, Code: "USDC", Issuer: issuer, Name: "USDC:" + issuer, Symbol: "USDC", Decimals: 7,
			AuthRevocable: true,
		}},
		{"XLM", relay.Asset{Address: native.String(), Kind: relay.AssetStellar, Code: "XLM", Name: "native", Symbol: "XLM", Decimals: 7}},
		{"a token", relay.Asset{Address: token.String(), Kind: relay.AssetToken, Name: "Token for tests", Symbol: "TEST", Decimals: 7}},
		{"an account", relay.Asset{Address: seller, Kind: relay.AssetNone, Problem: "an account, not a contract"}},
		{"nothing", relay.Asset{Address: stellar.Address{Contract: true}.String(), Kind: relay.AssetNone, Problem: "no contract has this address"}},
		{"a contract that is no token", relay.Asset{Address: w.contract.String(), Kind: relay.AssetNone, Problem: "not a token"}},
	} {
		got, err := w.relay.Asset(ctx, c.want.Address)
		must(t, err)
		if !strings.HasPrefix(got.Problem, c.want.Problem) || (got.Problem == "") != (c.want.Problem == "") {
			t.Errorf("%s: problem %q, want %q", c.name, got.Problem, c.want.Problem)
		}
		got.Problem, c.want.Problem, c.want.Ledger = "", "", got.Ledger
		if got != c.want {
			t.Errorf("%s: got\n%+v, want\n%+v", c.name, got, c.want)
		}
	}
}
