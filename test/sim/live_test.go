package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// live is a network that takes transactions, with the contract on it. Worlds that submit share it, each with an account of its own.
type live struct {
	net      *localnet.Network
	network  stellar.Network
	client   *rpc.Client // in fair weather
	contract stellar.Address
	asset    stellar.Address
	seller   *keypair.Full
	start    uint32
	close    func() error
}

// theLive is made when it is asked for first; TestMain closes it.
var theLive = sync.OnceValues(newLive)

// made tells that theLive was asked for.
var made atomic.Bool

func newLive() (*live, error) {
	made.Store(true)
	ctx := context.Background()
	machine, err := localnettest.Compiled()
	if err != nil {
		return nil, err
	}
	l := &live{}
	if l.net, err = localnet.Open(ctx, localnet.Options{Machine: machine, Passphrase: "StellarEscrow submissions ; 2026"}); err != nil {
		return nil, err
	}
	server := httptest.NewServer(l.net.Handler())
	l.close = func() error { server.Close(); return l.net.Close() }
	if err := l.settle(ctx, server.URL); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *live) settle(ctx context.Context, url string) (err error) {
	if l.network, err = stellar.NewNetwork(l.net.Passphrase()); err != nil {
		return err
	}
	if l.client, err = rpc.New(rpc.Config{URL: url, Network: l.network}); err != nil {
		return err
	}
	_, _, asset := l.net.USDC()
	if l.asset, err = stellar.ParseAddress(asset); err != nil {
		return err
	}
	admin, err := l.account(ctx)
	if err != nil {
		return err
	}
	if l.seller, err = l.account(ctx); err != nil {
		return err
	}
	code, hash, err := wasm.Escrow()
	if err != nil {
		return err
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		return err
	}
	d, err := deploy.Deploy(ctx, &deploy.Sender{Client: l.client, Key: admin, InclusionFee: stellar.MinInclusionFee}, deploy.Plan{
		Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: addressOf(admin), FeeBps: feeBps, FeeReceiver: addressOf(admin), Limits: deploy.DefaultLimits(), Asset: l.asset,
	})
	l.contract, l.start = d.Contract, d.Ledger
	return err
}

func (l *live) account(ctx context.Context) (*keypair.Full, error) {
	k, err := keypair.Random()
	if err == nil {
		_, err = l.net.Fund(ctx, k.Address())
	}
	return k, err
}

// lastNumber is the last that an account has used.
func (l *live) lastNumber(ctx context.Context, k *keypair.Full) (int64, error) {
	key := xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: xdr.MustAddress(k.Address())}}
	entries, _, err := l.client.Entries(ctx, key)
	if err != nil || len(entries) != 1 {
		return 0, fmt.Errorf("account %s: %d entries, %w", k.Address(), len(entries), err)
	}
	return int64(entries[0].Data.Account.SeqNum), nil
}

// opening is a signed transaction of a buyer's that opens a trade.
func (l *live) opening(ctx context.Context, buyer *keypair.Full, after int64, salt [32]byte, notAfter uint64) (stellar.Transaction, error) {
	kept, err := l.client.Range(ctx)
	if err != nil {
		return stellar.Transaction{}, err
	}
	limits, now := deploy.DefaultLimits(), kept.Latest.CloseTime
	terms := escrow.Terms{
		Asset: escrow.Address(l.asset.String()), Buyer: escrow.Address(buyer.Address()), Seller: escrow.Address(l.seller.Address()), FallbackPpm: 500_000, FeeBps: feeBps,
		FundBy: now + 100_000, Inspection: limits.InspectionMin, Salt: salt,
		Milestones: []escrow.Milestone{{Amount: amount.Int(1), DeliverBy: now + 300_000}},
		Panel:      escrow.Panel{Arbitrators: []escrow.Address{}}, AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{}},
		Windows: escrow.Windows{Appeal: limits.AppealMin, Offers: limits.OffersMin, Ruling: limits.RulingMin},
	}
	call, err := stellar.EncodeCall(l.contract, escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	if err != nil {
		return stellar.Transaction{}, err
	}
	t, err := stellar.Invoke(stellar.Envelope{Source: addressOf(buyer), Sequence: after, NotAfter: now + notAfter, InclusionFee: stellar.MinInclusionFee}, call)
	if err != nil {
		return t, err
	}
	text, err := t.Base64()
	if err != nil {
		return t, err
	}
	sim, err := l.client.Simulate(ctx, text)
	if err != nil || sim.Error != "" || len(sim.Results) != 1 || sim.Results[0].AuthXDR == nil {
		return t, fmt.Errorf("simulate an opening: %s, %w", sim.Error, err)
	}
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", sim.TransactionDataXDR, &data); err != nil {
		return t, err
	}
	auth := make([]xdr.SorobanAuthorizationEntry, len(*sim.Results[0].AuthXDR))
	for i, text := range *sim.Results[0].AuthXDR {
		if err := stellar.Decode("authorisation", text, &auth[i]); err != nil {
			return t, err
		}
	}
	if t, err = t.Assemble(data, sim.MinResourceFee, auth); err != nil {
		return t, err
	}
	return t.Sign(l.network, buyer)
}

// noPool is a way to a server that keeps no connection: one that is idle would keep a world's clock from going on.
func noPool() *http.Transport { return &http.Transport{DisableKeepAlives: true} }
