package bench

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
)

// platform is a local network with our contract, and people who trade in it.
type platform struct {
	net      *localnet.Network      // nil where it is another process's
	now      func() (uint64, error) // the network's time, in Unix seconds
	feeBps   uint32
	network  stellar.Network
	client   *rpc.Client
	contract stellar.Address
	code     stellar.Hash
	usdc     stellar.Address
	line     xdr.TrustLineAsset
	pairs    []*couple
}

// couple are two people who trade with each other, one trade after the other.
type couple struct {
	p             *platform
	buyer, seller *person
	n             byte
	trades        uint64
}

type person struct {
	key      *keypair.Full
	address  stellar.Address
	sequence int64
}

const unit = 10_000_000 // stroops

// newPlatform deploys the contract, and gives n couples money. log is told of each closed ledger.
func newPlatform(b *testing.B, n int, log slog.Handler) *platform {
	b.Helper()
	// The network keeps its history in this process's memory, which is not the indexer's to be held to.
	limit := debug.SetMemoryLimit(math.MaxInt64)
	b.Cleanup(func() { debug.SetMemoryLimit(limit) })
	p := &platform{net: localnettest.Open(b, localnet.Options{Log: slog.New(log)}), feeBps: 100}
	p.now = func() (uint64, error) {
		last, err := p.net.Last()
		return uint64(last.CloseTime()), err
	}
	p.client = rpctest.Client(b, localnettest.Serve(b, p.net).URL, p.net.Passphrase(), wire(n))
	p.network = p.client.Network()
	name, issuer, contract := p.net.USDC()
	var err error
	if p.usdc, err = stellar.ParseAddress(contract); err != nil {
		b.Fatal(err)
	}
	p.line = xdr.MustNewCreditAsset(name, issuer).ToTrustLineAsset()
	admin := p.person(b)
	code, hash, err := wasm.Escrow()
	if err != nil {
		b.Fatal(err)
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		b.Fatal(err)
	}
	p.code = hash
	d, err := deploy.Deploy(b.Context(), &deploy.Sender{Client: p.client, Key: admin.key, InclusionFee: stellar.MinInclusionFee}, deploy.Plan{
		Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: admin.address, FeeBps: p.feeBps, FeeReceiver: admin.address, Limits: deploy.DefaultLimits(), Asset: p.usdc,
	})
	if err != nil {
		b.Fatal(err)
	}
	p.contract = d.Contract
	for i := range n {
		p.pairs = append(p.pairs, &couple{p: p, buyer: p.person(b), seller: p.person(b), n: byte(i)})
	}
	return p
}

// person is a new account with lumens and USDC.
func (p *platform) person(b *testing.B) *person {
	b.Helper()
	k := localnettest.FundedKey(b, p.net)
	address, err := stellar.ParseAddress(k.Address())
	if err != nil {
		b.Fatal(err)
	}
	who := &person{key: k, address: address, sequence: int64(rpctest.Account(b, p.client, k.Address()).SeqNum)}
	name, issuer, _ := p.net.USDC()
	if _, err := p.net.Submit(b.Context(), who.trusts(b, p.net.Passphrase(), name, issuer).ToXDR()); err != nil {
		b.Fatal(err)
	}
	if _, err := p.net.FundUSDC(b.Context(), k.Address(), 10_000_000*unit); err != nil {
		b.Fatal(err)
	}
	return who
}

// trusts makes the transaction by which somebody holds an asset.
func (who *person) trusts(b *testing.B, passphrase, code, issuer string) *txnbuild.Transaction {
	b.Helper()
	asset, err := txnbuild.CreditAsset{Code: code, Issuer: issuer}.ToChangeTrustAsset()
	if err != nil {
		b.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: who.key.Address(), Sequence: who.sequence}, IncrementSequenceNum: true, BaseFee: txnbuild.MinBaseFee,
		Operations: []txnbuild.Operation{&txnbuild.ChangeTrust{Line: asset}}, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err == nil {
		tx, err = tx.Sign(passphrase, who.key)
	}
	if err != nil {
		b.Fatal(err)
	}
	who.sequence++
	return tx
}

// terms are those of the couple's next trade.
func (c *couple) terms() (escrow.Terms, error) {
	now, err := c.p.now()
	if err != nil {
		return escrow.Terms{}, err
	}
	const day = 86_400
	l := deploy.DefaultLimits()
	c.trades++
	return escrow.Terms{
		Buyer: escrow.Address(c.buyer.address.String()), Seller: escrow.Address(c.seller.address.String()), Asset: escrow.Address(c.p.usdc.String()),
		Bond: amount.Int(unit / 10), FeeBps: c.p.feeBps, FallbackPpm: 500_000, FundBy: now + 10*day, Inspection: l.InspectionMin,
		Milestones: []escrow.Milestone{{Amount: amount.Int(unit), DeliverBy: now + 20*day}},
		Panel:      escrow.Panel{Arbitrators: []escrow.Address{}}, AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{}},
		Windows: escrow.Windows{Appeal: l.AppealMin, Offers: l.OffersMin, Ruling: l.RulingMin}, Salt: escrow.Hash{0: c.n, 1: 1, 8: byte(c.trades), 9: byte(c.trades >> 8), 10: byte(c.trades >> 16)},
	}, nil
}

// call makes a call and waits for its ledger. What it will touch is known, so nothing is simulated: the network's processor time goes to ledgers.
func (c *couple) call(ctx context.Context, who *person, terms escrow.Terms, call escrow.Call) error {
	p := c.p
	id, err := stellar.TermsID(p.network, p.contract, terms)
	if err != nil {
		return err
	}
	tree, err := stellar.ExpectedTree(p.contract, call, stellar.State{})
	if err != nil {
		return err
	}
	t, err := stellar.Invoke(stellar.Envelope{Source: who.address, Sequence: who.sequence, NotAfter: 1 << 40, InclusionFee: stellar.MinInclusionFee}, tree.Call)
	if err != nil {
		return err
	}
	trust := func(who *person) xdr.LedgerKey {
		return xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: xdr.MustAddress(who.key.Address()), Asset: p.line}}
	}
	account := func(address string) xdr.LedgerKey {
		return xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: xdr.MustAddress(address)}}
	}
	_, issuer, _ := p.net.USDC()
	balance := xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: p.usdc.ScAddress(), Key: scval.Vec(scval.Symbol("Balance"), p.contract.ScVal()), Durability: xdr.ContractDataDurabilityPersistent,
	}}
	data := xdr.SorobanTransactionData{Resources: xdr.SorobanResources{
		Footprint: xdr.LedgerFootprint{
			ReadOnly:  []xdr.LedgerKey{stellar.InstanceKey(p.contract), stellar.CodeKey(p.code), stellar.InstanceKey(p.usdc), account(c.buyer.key.Address()), account(c.seller.key.Address()), account(issuer)},
			ReadWrite: []xdr.LedgerKey{stellar.TradeKey(p.contract, id), stellar.OwedKey(p.contract, p.usdc), balance, trust(c.buyer), trust(c.seller)},
		},
		Instructions: 20_000_000, DiskReadBytes: 5_000, WriteBytes: 5_000,
	}}
	auth := []xdr.SorobanAuthorizationEntry{{Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}, RootInvocation: tree.Invocation()}}
	const fee = unit / 2
	if t, err = t.Assemble(data, fee, auth); err == nil {
		t, err = t.Sign(p.network, who.key)
	}
	if err != nil {
		return err
	}
	text, err := t.Base64()
	if err != nil {
		return err
	}
	var envelope xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(text, &envelope); err != nil {
		return err
	}
	out, err := p.net.Submit(ctx, envelope)
	if err != nil {
		return fmt.Errorf("%s: %w", call.Function(), err)
	}
	who.sequence++
	if !out.Successful() {
		results, _ := out.Result.OperationResults()
		return fmt.Errorf("%s: the transaction failed: %s, %+v", call.Function(), out.Result.Result.Code, results)
	}
	return nil
}

// opens begins a trade; the seller's bond is deposited.
func (c *couple) opens(ctx context.Context) (escrow.Terms, error) {
	t, err := c.terms()
	if err != nil {
		return t, err
	}
	return t, c.call(ctx, c.seller, t, escrow.CallOpen{Terms: t, By: escrow.Seller})
}

// trade is a whole one, in four calls and five events.
func (c *couple) trade(ctx context.Context) error {
	t, err := c.opens(ctx)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		who  *person
		call escrow.Call
	}{
		{c.buyer, escrow.CallFund{Terms: t}},
		{c.seller, escrow.CallDeliver{Terms: t, Proof: escrow.Hash{1}}},
		{c.buyer, escrow.CallRelease{Terms: t, Amount: amount.Int(unit)}},
	} {
		if err := c.call(ctx, step.who, t, step.call); err != nil {
			return err
		}
	}
	return nil
}

// all lets each couple do something at the same time, and ends the benchmark with the first error.
func (p *platform) all(b *testing.B, do func(*couple) error) {
	b.Helper()
	var wait sync.WaitGroup
	failed := make(chan error, len(p.pairs))
	for _, c := range p.pairs {
		wait.Go(func() {
			if err := do(c); err != nil {
				failed <- err
			}
		})
	}
	wait.Wait()
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
}
