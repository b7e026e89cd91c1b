package source_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// world is a local network on which people traded in two contracts, and a folder that its ledgers were recorded into. It goes on closing empty
// ledgers; last is the newest that tests look at.
type world struct {
	net       *localnet.Network
	network   stellar.Network
	url       string
	client    *rpc.Client
	contracts []stellar.Address
	xlm, usdc stellar.Address
	folder    string
	last      uint32
	close     func() error
}

const unit = 10_000_000 // stroops

// shared is made once for all tests of the package; TestMain takes it away.
var shared = sync.OnceValues(newWorld)

func TestMain(m *testing.M) {
	code := m.Run()
	if made {
		w, err := shared()
		if err == nil {
			err = w.close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "take the network away:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

var made bool // shared was called

func theWorld(t testing.TB) *world {
	t.Helper()
	made = true
	w, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newWorld() (*world, error) {
	ctx := context.Background()
	machine, err := localnettest.Compiled()
	if err != nil {
		return nil, err
	}
	net, err := localnet.Open(ctx, localnet.Options{Machine: machine})
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(net.Handler())
	w := &world{net: net, url: server.URL}
	dir, err := os.MkdirTemp("", "ledgers-")
	w.folder = filepath.Join(dir, "recorded")
	w.close = func() error {
		server.Close()
		return errors.Join(net.Close(), os.RemoveAll(dir))
	}
	if err == nil {
		err = w.live(ctx)
	}
	if err == nil {
		err = w.record(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// live deploys two contracts and lets people trade in both.
func (w *world) live(ctx context.Context) (err error) {
	if w.network, err = stellar.NewNetwork(w.net.Passphrase()); err != nil {
		return err
	}
	if w.client, err = rpc.New(rpc.Config{URL: w.url, Network: w.network}); err != nil {
		return err
	}
	id, err := xdr.MustNewNativeAsset().ContractID(w.net.Passphrase())
	if err != nil {
		return err
	}
	w.xlm = stellar.Address{Contract: true, Key: id}
	usdc, issuer, contract := w.net.USDC()
	if w.usdc, err = stellar.ParseAddress(contract); err != nil {
		return err
	}
	line, err := txnbuild.CreditAsset{Code: usdc, Issuer: issuer}.ToChangeTrustAsset()
	if err != nil {
		return err
	}
	people := map[string]*deploy.Sender{}
	for _, name := range []string{"admin", "buyer", "seller", "arbitrator"} {
		k, err := keypair.Random()
		if err != nil {
			return err
		}
		if _, err := w.net.Fund(ctx, k.Address()); err != nil {
			return err
		}
		if out, err := w.classic(ctx, k, &txnbuild.ChangeTrust{Line: line}); err != nil || !out.Result.Successful() {
			return fmt.Errorf("trustline of %s: %v, %w", name, out.Result, err)
		}
		if _, err := w.net.FundUSDC(ctx, k.Address(), 1000*unit); err != nil {
			return err
		}
		people[name] = &deploy.Sender{Client: w.client, Key: k, InclusionFee: stellar.MinInclusionFee}
	}
	code, hash, err := wasm.Escrow()
	if err != nil {
		return err
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		return err
	}
	for i := range byte(2) {
		admin := address(people["admin"])
		d, err := deploy.Deploy(ctx, people["admin"], deploy.Plan{
			Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Salt: [32]byte{i}, Admin: admin, FeeBps: 100, FeeReceiver: admin, Limits: deploy.DefaultLimits(), Asset: w.usdc,
		})
		if err != nil {
			return err
		}
		w.contracts = append(w.contracts, d.Contract)
	}
	for salt := range byte(4) {
		contract := w.contracts[salt%2]
		terms, err := w.terms(people, salt)
		if err != nil {
			return err
		}
		if err := w.trade(ctx, people, contract, terms, salt == 3); err != nil {
			return err
		}
	}
	// A transaction that a ledger includes and that fails has events about its fee only.
	tooMuch := &txnbuild.Payment{Destination: issuer, Amount: "900000000000", Asset: txnbuild.NativeAsset{}}
	if out, err := w.classic(ctx, people["buyer"].Key.(*keypair.Full), tooMuch); err != nil || out.Result.Successful() {
		return fmt.Errorf("a payment of more than there is: %v, %w", out.Result, err)
	}
	_, err = w.net.Advance(time.Hour)
	return err
}

func address(s *deploy.Sender) stellar.Address {
	a, err := stellar.ParseAddress(s.Key.Address())
	if err != nil {
		panic(err)
	}
	return a
}

func (w *world) terms(people map[string]*deploy.Sender, salt byte) (escrow.Terms, error) {
	last, err := w.net.Last()
	if err != nil {
		return escrow.Terms{}, err
	}
	now := uint64(last.CloseTime())
	who := func(name string) escrow.Address { return escrow.Address(address(people[name]).String()) }
	limits := deploy.DefaultLimits()
	return escrow.Terms{
		ArbitrationFee: amount.Int(unit), Asset: escrow.Address(w.usdc.String()), Bond: amount.Int(5 * unit), Buyer: who("buyer"), Seller: who("seller"),
		FallbackPpm: 500_000, FeeBps: 100, FundBy: now + 100_000, Inspection: limits.InspectionMin,
		Milestones: []escrow.Milestone{
			{Amount: amount.Int(60 * unit), DeliverBy: now + 300_000, Description: escrow.Hash{1}},
			{Amount: amount.Int(40 * unit), DeliverBy: now + 400_000, Description: escrow.Hash{2}},
		},
		Panel: escrow.Panel{Arbitrators: []escrow.Address{who("arbitrator")}, Quorum: 1}, Salt: escrow.Hash{salt}, TermsHash: escrow.Hash{3},
		Windows: escrow.Windows{Appeal: limits.AppealMin, Offers: limits.OffersMin, Ruling: limits.RulingMin},
	}, nil
}

// trade goes through a trade: to its end, or to a dispute.
func (w *world) trade(ctx context.Context, people map[string]*deploy.Sender, contract stellar.Address, terms escrow.Terms, disputed bool) error {
	calls := []struct {
		who  string
		call escrow.Call
	}{
		{"buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer}},
		{"seller", escrow.CallAccept{Terms: terms}},
		{"buyer", escrow.CallFund{Terms: terms}},
		{"buyer", escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(20 * unit)}},
		{"seller", escrow.CallDeliver{Terms: terms, Milestone: 0, Proof: escrow.Hash{4}}},
		{"buyer", escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(40 * unit)}},
		{"seller", escrow.CallRefund{Terms: terms, Milestone: 1, Amount: amount.Int(40 * unit)}},
	}
	if disputed {
		calls[len(calls)-2].call = escrow.CallDispute{Terms: terms, By: escrow.Buyer, Milestone: 0, Reason: escrow.Hash{5}}
		calls = calls[:len(calls)-1]
	}
	id, err := stellar.TermsID(w.network, contract, terms)
	if err != nil {
		return err
	}
	for _, c := range calls {
		var state stellar.State
		switch c.call.(type) {
		case escrow.CallAccept, escrow.CallDispute:
			v, err := deploy.View(ctx, w.client, stellar.ViewTrade(contract, id))
			if err != nil {
				return err
			}
			if state.Trade, err = stellar.DecodeTrade(v); err != nil {
				return err
			}
		}
		if _, err := people[c.who].Call(ctx, contract, c.call, state); err != nil {
			return fmt.Errorf("%s by %s: %w", c.call.Function(), c.who, err)
		}
	}
	return nil
}

// classic sends an operation that is not of contracts.
func (w *world) classic(ctx context.Context, from *keypair.Full, op txnbuild.Operation) (localnet.Outcome, error) {
	account, err := w.account(ctx, from.Address())
	if err != nil {
		return localnet.Outcome{}, err
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: account, IncrementSequenceNum: true, BaseFee: txnbuild.MinBaseFee, Operations: []txnbuild.Operation{op},
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		return localnet.Outcome{}, err
	}
	if tx, err = tx.Sign(w.net.Passphrase(), from); err != nil {
		return localnet.Outcome{}, err
	}
	return w.net.Submit(ctx, tx.ToXDR())
}

func (w *world) account(ctx context.Context, id string) (*txnbuild.SimpleAccount, error) {
	key := xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: xdr.MustAddress(id)}}
	entries, _, err := w.client.Entries(ctx, key)
	if err != nil || len(entries) != 1 {
		return nil, fmt.Errorf("account %s: %d entries, %w", id, len(entries), err)
	}
	return &txnbuild.SimpleAccount{AccountID: id, Sequence: int64(entries[0].Data.Account.SeqNum)}, nil
}

func (w *world) record(ctx context.Context) error {
	last, err := w.net.Last()
	if err != nil {
		return err
	}
	w.last = last.Sequence()
	newest, err := files.Record(ctx, w.network, w.folder, files.NewLayout(w.network.Passphrase()), w.client, 1, w.last)
	if err == nil && newest != w.last {
		err = fmt.Errorf("recorded to ledger %d of %d", newest, w.last)
	}
	return err
}

// metas are all ledgers of the network that tests look at, straight from it.
func (w *world) metas(t testing.TB) []xdr.LedgerCloseMeta {
	t.Helper()
	var all []xdr.LedgerCloseMeta
	for meta, err := range w.net.Chain().Ledgers(1, w.last) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, meta)
	}
	return all
}

func (w *world) openFiles(t testing.TB) *files.Files {
	t.Helper()
	f, err := files.Open(w.network, os.DirFS(w.folder), source.NewChain())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}
