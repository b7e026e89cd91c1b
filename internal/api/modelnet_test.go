package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// modelNet stands in for the network and the store: a relay.Relay and Trades whose contract is the model of internal/escrow. It checks what a node checks of
// transactions (signatures, sequence, time bounds, authorisations), so that what this package prepares must be right to pass. It is deterministic, which
// golden files need; the same stories run on the real host in localnet_test.go.
type modelNet struct {
	mu       sync.Mutex
	network  stellar.Network
	self     stellar.Address
	assets   map[string]relay.Asset
	c        *escrow.Contract
	ledger   relay.Ledger
	lag      uint32 // how many ledgers the projection is behind
	gap      bool   // and cannot go on
	accounts map[string]int64
	balances map[[2]string]amount.Int128 // by asset and holder
	frozen   map[string]bool
	trades   map[escrow.ID]*Trade
	order    []escrow.ID
	events   map[escrow.ID][]Event
	txs      map[string]relay.Transaction
	down     error // what every question to the network ends with
	// twist changes what a simulation asks to be signed, as a hostile token would.
	twist   func([]xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry
	restore bool // entries are archived
	// restores is how many archived entries a call brings back along the way.
	restores uint32
	// hold is what becomes of what is submitted while an earlier transaction of the account waits: it waits too, or is not taken. Empty: none waits.
	hold    relay.SubmissionState
	nonce   int64
	changes int // how often anything changed
	asked   int // how often an asset was looked at
}

const modelStart = 1_767_225_600 // 2026-01-01

var modelLimits = escrow.Limits{
	AppealMax: 1_000_000, AppealMin: 1000, FeeDelay: 86_400, InspectionMax: 1_000_000, InspectionMin: 1000, LongestLife: 10_000_000,
	MinDelivery: 1000, OffersMax: 1_000_000, OffersMin: 1000, RulingMax: 1_000_000, RulingMin: 1000,
}

// key is somebody's key, the same in each run.
func key(name string) *keypair.Full {
	var seed [32]byte
	copy(seed[:], name)
	return must(keypair.FromRawSeed(seed))
}

func address(name string) string { return key(name).Address() }

// contractAddress is a contract that nobody deployed.
func contractAddress(name string) stellar.Address {
	a := stellar.Address{Contract: true}
	copy(a.Key[:], name)
	return a
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newModelNet() *modelNet {
	n := &modelNet{
		network: must(stellar.NewNetwork("Model Network ; not a real one")), self: contractAddress("escrow"), ledger: relay.Ledger{Sequence: 100, CloseTime: modelStart},
		assets: map[string]relay.Asset{}, accounts: map[string]int64{}, balances: map[[2]string]amount.Int128{}, frozen: map[string]bool{},
		trades: map[escrow.ID]*Trade{}, events: map[escrow.ID][]Event{}, txs: map[string]relay.Transaction{},
	}
	usdc, token := contractAddress("usdc").String(), contractAddress("token").String()
	n.assets[usdc] = relay.Asset{Address: usdc, Kind: relay.AssetStellar, Code: "USDC", Issuer: address("issuer"), Decimals: 7, AuthRevocable: true}
	n.assets[token] = relay.Asset{Address: token, Kind: relay.AssetToken, Symbol: "GLD", Name: "Gold", Decimals: 2}
	n.c = must(escrow.New(escrow.Address(n.self.String()), escrow.Address(address("admin")), 100, escrow.Address(address("fee-receiver")), modelLimits))
	for _, name := range []string{"buyer", "seller", "stranger", "arb1", "arb2", "arb3", "jud1", "fee-receiver"} {
		n.accounts[address(name)] = 7000
		for asset := range n.assets {
			n.balances[[2]string{asset, address(name)}] = amount.Int(1000_0000000)
		}
	}
	return n
}

func (n *modelNet) advance(seconds uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ledger.CloseTime += seconds
	n.ledger.Sequence += uint32(seconds/5) + 1
}

// The network's side.

func (n *modelNet) Network(context.Context) (relay.Network, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return relay.Network{Passphrase: n.network.Passphrase(), Protocol: 27, Latest: n.ledger, Oldest: relay.Ledger{Sequence: 2, CloseTime: modelStart - 500}, InclusionFee: 100}, n.down
}

func (n *modelNet) LatestLedger(context.Context) (relay.Ledger, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ledger, n.down
}

func (n *modelNet) Account(_ context.Context, who string) (relay.Account, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	sequence, ok := n.accounts[who]
	return relay.Account{Address: who, Exists: ok, Sequence: sequence, Balance: 100_0000000, Spendable: 99_0000000, Ledger: n.ledger}, n.down
}

func (n *modelNet) Asset(_ context.Context, asset string) (relay.Asset, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	a, ok := n.assets[asset]
	if !ok {
		a = relay.Asset{Address: asset, Kind: relay.AssetNone, Problem: "no contract has this address on this network, or it is archived"}
	}
	a.Ledger = n.ledger
	return a, n.down
}

func (n *modelNet) Holding(_ context.Context, asset, holder string) (relay.Holding, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	balance, ok := n.balances[[2]string{asset, holder}]
	kind := relay.HoldingTrustline
	if n.assets[asset].Issuer == holder {
		kind, ok = relay.HoldingIssuer, true
	}
	return relay.Holding{Asset: asset, Holder: holder, Kind: kind, Exists: ok || holder[0] == 'C', Authorized: !n.frozen[holder],
		Balance: balance.Units(), Spendable: balance.Units(), Receivable: amount.MaxStroops.Int128().Units(), Ledger: n.ledger}, n.down
}

func (n *modelNet) Read(_ context.Context, text string) (relay.Reading, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return relay.Reading{}, n.down
	}
	var args xdr.InvokeContractArgs
	if err := stellar.Decode("call", text, &args); err != nil {
		return relay.Reading{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	var v xdr.ScVal
	switch call := must(binding.DecodeCall(args)).(type) {
	case *binding.ConfigCall:
		v = configVal(n.c.Config.At(n.ledger.CloseTime))
	case *binding.TradeCall:
		v = xdr.ScVal{Type: xdr.ScValTypeScvVoid}
		if tr, ok := n.c.Trades[call.ID]; ok {
			v = tradeVal(tr)
		}
	case *binding.OwedCall:
		o := n.c.Owed[escrow.Address(call.Asset.String())]
		v = binding.Owed{Fees: o.Fees, Total: o.Total}.ScVal()
	default:
		return relay.Reading{}, fmt.Errorf("no view: %T", call)
	}
	return relay.Reading{Ledger: n.ledger, Value: must(stellar.Encode(v))}, nil
}

func wire(a escrow.Address) binding.Address { return must(binding.ParseAddress(string(a))) }

func configVal(c escrow.Config) xdr.ScVal {
	out := binding.Config{Admin: wire(c.Admin), FeeBps: c.FeeBps, FeeReceiver: wire(c.FeeReceiver), Limits: binding.Limits(c.Limits), Paused: c.Paused}
	if p := c.PendingFee; p != nil {
		out.PendingFee = &binding.PendingFee{Bps: p.Bps, Effective: p.Effective, Receiver: wire(p.Receiver)}
	}
	return out.ScVal()
}

func pair(p [2]amount.Int128) binding.Pair[amount.Int128, amount.Int128] {
	return binding.Pair[amount.Int128, amount.Int128]{First: p[0], Second: p[1]}
}

func tradeVal(t escrow.Trade) xdr.ScVal {
	out := binding.Trade{Bonds: pair(t.Bonds), OpenedBy: uint32(t.OpenedBy), Stage: uint32(t.Stage)}
	for _, p := range t.Parked {
		out.Parked = append(out.Parked, binding.Pair[uint32, amount.Int128]{First: uint32(p.Role), Second: p.Amount})
	}
	for _, m := range t.Milestones {
		state := binding.MilestoneState{DeliveredAt: m.DeliveredAt, Left: m.Left}
		for side, at := range []**binding.Offer{&state.Offers.First, &state.Offers.Second} {
			if o := m.Offers[side]; o != nil {
				*at = &binding.Offer{Of: o.Of, Phase: uint32(o.Phase), SellerAmount: o.SellerAmount}
			}
		}
		if d := m.Dispute; d != nil {
			dispute := &binding.Dispute{AppealBy: (*uint32)(d.AppealBy), AppealedAt: d.AppealedAt, Aside: pair(d.Aside), By: uint32(d.By), RuledAt: d.RuledAt, Since: d.Since}
			for _, v := range d.Votes {
				dispute.Votes = append(dispute.Votes, binding.Pair[uint32, uint32]{First: uint32(v.Role), Second: v.SellerPpm})
			}
			state.Dispute = dispute
		}
		out.Milestones = append(out.Milestones, state)
	}
	return out.ScVal()
}

func (n *modelNet) Simulate(_ context.Context, text string) (relay.Simulation, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return relay.Simulation{}, n.down
	}
	tx, err := stellar.ParseTransaction(text)
	if err != nil {
		return relay.Simulation{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	sim := relay.Simulation{Ledger: n.ledger, MinResourceFee: 54_321, TransactionData: must(stellar.Encode(xdr.SorobanTransactionData{Resources: xdr.SorobanResources{Instructions: 1_234_567}})),
		Cost: relay.Cost{Instructions: 1_234_567, WriteBytes: 600, ReadEntries: 3, WriteEntries: 4, RestoreEntries: n.restores}}
	if n.restore {
		sim.Restore = &relay.Restore{TransactionData: sim.TransactionData, MinResourceFee: 99}
		return sim, nil
	}
	args, _ := tx.Call()
	call, err := stellar.DecodeCall(n.self, args)
	if err != nil {
		return relay.Simulation{Ledger: n.ledger, Failure: &relay.Failure{Kind: relay.FailedByHost, Detail: err.Error()}}, nil
	}
	balances := n.copyBalances()
	result, err := n.c.Clone().Apply(n.env(balances), call)
	if err != nil {
		return relay.Simulation{Ledger: n.ledger, Failure: n.failure(err)}, nil
	}
	for _, e := range result.Events {
		about := stellar.Event{Event: e, Trade: &result.Trade}
		if _, ok := e.(escrow.Collected); ok {
			about.Trade, about.Asset = nil, &result.Asset
		}
		sim.Events = append(sim.Events, must(stellar.Encode(must(stellar.EncodeEvent(n.self, about)))))
	}
	if len(tx.Auth()) > 0 { // as they would be enforced
		if err := n.authorised(tx, call); err != nil {
			return relay.Simulation{Ledger: n.ledger, Failure: &relay.Failure{Kind: relay.FailedByAuth, Detail: err.Error()}}, nil
		}
		return sim, nil
	}
	var entries []xdr.SorobanAuthorizationEntry
	if want := n.tree(call); want.Signer != nil {
		entry := xdr.SorobanAuthorizationEntry{RootInvocation: want.Invocation(), Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}}
		if *want.Signer != tx.Source() {
			n.nonce++
			entry.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress, Address: &xdr.SorobanAddressCredentials{
				Address: want.Signer.ScAddress(), Nonce: xdr.Int64(n.nonce), Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid},
			}}
		}
		entries = append(entries, entry)
	}
	if n.twist != nil {
		entries = n.twist(entries)
	}
	for _, e := range entries {
		sim.Auth = append(sim.Auth, must(stellar.Encode(e)))
	}
	return sim, nil
}

func (n *modelNet) tree(call escrow.Call) stellar.Tree {
	state := stellar.State{Config: &n.c.Config}
	if terms, ok := termsOf(call); ok {
		if tr, ok := n.c.Trades[n.id(terms)]; ok {
			state.Trade = &tr
		}
	}
	return must(stellar.ExpectedTree(n.self, call, state))
}

func (n *modelNet) id(t escrow.Terms) escrow.ID { return must(stellar.TermsID(n.network, n.self, t)) }

func (n *modelNet) env(balances map[[2]string]amount.Int128) escrow.Env {
	return escrow.Env{Now: n.ledger.CloseTime, Signed: func(escrow.Address) bool { return true }, ID: n.id, Token: modelToken{n, balances}}
}

func (n *modelNet) copyBalances() map[[2]string]amount.Int128 {
	out := make(map[[2]string]amount.Int128, len(n.balances))
	for k, v := range n.balances {
		out[k] = v
	}
	return out
}

var errToken = errors.New("the token refuses")

func (n *modelNet) failure(err error) *relay.Failure {
	var refusal *escrow.Refusal
	switch {
	case errors.As(err, &refusal):
		return &relay.Failure{Kind: relay.FailedByContract, Contract: n.self.String(), Code: uint32(refusal.Code), Detail: "Error(Contract, #" + strconv.Itoa(int(refusal.Code)) + ")"}
	case errors.Is(err, errToken):
		return &relay.Failure{Kind: relay.FailedByContract, Contract: contractAddress("usdc").String(), Code: 10, Detail: "Error(Contract, #10)"}
	}
	return &relay.Failure{Kind: relay.FailedByHost, Detail: err.Error()}
}

// authorised checks a transaction's authorisations as the network would.
func (n *modelNet) authorised(tx stellar.Transaction, call escrow.Call) error {
	want := n.tree(call)
	if err := stellar.CheckTree(want, tx.Source(), tx.Auth()); err != nil {
		return err
	}
	for _, e := range tx.Auth() {
		if e.Credentials.Address == nil {
			continue
		}
		if uint32(e.Credentials.Address.SignatureExpirationLedger) < n.ledger.Sequence {
			return errors.New("the signature has expired")
		}
		signed := must(stellar.AuthPayload(n.network, e))
		list := e.Credentials.Address.Signature.Vec
		if list == nil || *list == nil {
			return errors.New("not signed")
		}
		fields := **(**list)[0].Map
		public, signature := []byte(*fields[0].Val.Bytes), []byte(*fields[1].Val.Bytes)
		if !bytes.Equal(public, want.Signer.Key[:]) || !ed25519.Verify(public, signed[:], signature) {
			return errors.New("the signature does not count")
		}
	}
	return nil
}

func (n *modelNet) Submit(_ context.Context, text string) (relay.Submission, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return relay.Submission{}, n.down
	}
	tx, err := stellar.ParseTransaction(text)
	if err != nil {
		return relay.Submission{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	hash := tx.Hash(n.network).String()
	out := relay.Submission{Hash: hash, State: relay.SubmissionRejected, Ledger: n.ledger}
	source := tx.Source().String()
	switch {
	case n.txs[hash].Hash != "":
		out.State = relay.SubmissionDuplicate
		return out, nil
	case !tx.SignedBy(n.network, tx.Source(), verify):
		out.Code = "tx_bad_auth"
		return out, nil
	case tx.NotAfter() < n.ledger.CloseTime:
		out.Code = "tx_too_late"
		return out, nil
	case tx.Sequence() != n.accounts[source]+1:
		out.Code = "tx_bad_seq"
		return out, nil
	}
	if n.hold != "" {
		out.State = n.hold
		if n.hold == relay.SubmissionPending {
			n.txs[hash] = relay.Transaction{Hash: hash, State: relay.TransactionPending}
		}
		return out, nil
	}
	n.changes++
	n.accounts[source]++
	n.ledger.Sequence++
	n.ledger.CloseTime += 5
	out.State = relay.SubmissionPending
	done := relay.Transaction{Hash: hash, State: relay.TransactionFailed, Ledger: n.ledger, FeeCharged: 43_210, Code: "invoke_host_function_trapped"}
	args, ok := tx.Call()
	if !ok {
		n.restore, done.State, done.Code = false, relay.TransactionIncluded, ""
		n.txs[hash] = done
		return out, nil
	}
	call := must(stellar.DecodeCall(n.self, args))
	if err := n.authorised(tx, call); err != nil {
		done.Failure = &relay.Failure{Kind: relay.FailedByAuth, Detail: err.Error()}
		n.txs[hash] = done
		return out, nil
	}
	balances := n.copyBalances()
	result, err := n.c.Apply(n.env(balances), call)
	if err != nil {
		done.Failure = n.failure(err)
		n.txs[hash] = done
		return out, nil
	}
	n.balances = balances
	done.State, done.Code = relay.TransactionIncluded, ""
	n.txs[hash] = done
	n.project(result, hash)
	return out, nil
}

func (n *modelNet) Transaction(_ context.Context, hash string) (relay.Transaction, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.txs[hash]
	if !ok {
		t = relay.Transaction{Hash: hash, State: relay.TransactionNotFound}
	}
	t.Latest = n.ledger
	return t, n.down
}

// modelToken moves the model's balances. Who is frozen neither pays nor is paid.
type modelToken struct {
	n        *modelNet
	balances map[[2]string]amount.Int128
}

func (t modelToken) Balance(asset escrow.Address) (amount.Int128, error) {
	return t.balances[[2]string{string(asset), t.n.self.String()}], nil
}

func (t modelToken) move(asset escrow.Address, from, to string, x amount.Int128) bool {
	a, b := [2]string{string(asset), from}, [2]string{string(asset), to}
	if t.n.frozen[from] || t.n.frozen[to] || t.balances[a].Less(x) {
		return false
	}
	t.balances[a] = t.balances[a].Minus(x)
	t.balances[b] = t.balances[b].Plus(x)
	return true
}

func (t modelToken) Deposit(asset, from escrow.Address, x amount.Int128) (amount.Int128, error) {
	if !t.move(asset, string(from), t.n.self.String(), x) {
		return amount.Int128{}, errToken
	}
	return x, nil
}

func (t modelToken) Pay(asset, to escrow.Address, x amount.Int128) bool {
	return t.move(asset, t.n.self.String(), string(to), x)
}

// The store's side.

// project keeps what a call did, as far as this package reads it.
func (n *modelNet) project(r escrow.Result, hash string) {
	state, ok := n.c.Trades[r.Trade]
	if !ok {
		return
	}
	for i, e := range r.Events {
		id := fmt.Sprintf("%019d-%010d", int64(n.ledger.Sequence)<<32|1<<12, i)
		moment := Moment{id, n.ledger.CloseTime}
		if opened, ok := e.(escrow.Opened); ok {
			n.trades[r.Trade] = &Trade{ID: r.Trade, Contract: escrow.Address(n.self.String()), Terms: opened.Terms, Opened: moment, Milestones: make([]Progress, len(opened.Terms.Milestones))}
			n.order = append(n.order, r.Trade)
		}
		tr := n.trades[r.Trade]
		tr.Updated = moment
		n.progress(tr, e)
		n.events[r.Trade] = append(n.events[r.Trade], Event{ID: id, Ledger: n.ledger.Sequence, At: n.ledger.CloseTime, Tx: hash, Event: e})
	}
	n.trades[r.Trade].State = state.Clone()
}

func (n *modelNet) progress(tr *Trade, e escrow.Event) {
	now := n.ledger.CloseTime
	end := func(m *Progress, by escrow.Event, seller, buyer amount.Int128) {
		m.ToSeller, m.ToBuyer, m.EndedAt, m.EndedBy = m.ToSeller.Plus(seller), m.ToBuyer.Plus(buyer), now, by.EventName()
	}
	switch e := e.(type) {
	case escrow.Delivered:
		tr.Milestones[e.Milestone].DeliveredAt, tr.Milestones[e.Milestone].Proof = now, e.Proof
	case escrow.Released:
		m := &tr.Milestones[e.Milestone]
		m.ToSeller, m.Fee = m.ToSeller.Plus(e.Amount), m.Fee.Plus(e.Fee)
		if e.Left.Sign() == 0 {
			m.EndedAt, m.EndedBy = now, e.EventName()
		}
	case escrow.Refunded:
		m := &tr.Milestones[e.Milestone]
		m.ToBuyer = m.ToBuyer.Plus(e.Amount)
		if e.Left.Sign() == 0 {
			m.EndedAt, m.EndedBy = now, e.EventName()
		}
	case escrow.Split:
		end(&tr.Milestones[e.Milestone], e, e.SellerAmount, e.Of.Minus(e.SellerAmount))
	case escrow.Settled:
		m := &tr.Milestones[e.Milestone]
		end(m, e, e.SellerAmount, e.BuyerAmount)
		m.Outcome, m.Fee = e.Outcome, m.Fee.Plus(e.Fee)
	case escrow.Disputed:
		d := &DisputeRecord{By: e.By, Reason: e.Reason, Since: now}
		d.Aside[e.By] = e.Aside
		tr.Milestones[e.Milestone].Dispute = d
	case escrow.Voted:
		d := tr.Milestones[e.Milestone].Dispute
		d.Votes = append(d.Votes, Vote{Role: e.By, SellerPpm: e.SellerPpm, Hash: e.Hash, At: now})
	case escrow.Ruled:
		if e.Phase == escrow.PhaseHearing {
			tr.Milestones[e.Milestone].Dispute.RuledAt = now
		}
	case escrow.Appealed:
		d := tr.Milestones[e.Milestone].Dispute
		d.AppealBy, d.AppealedAt = &e.By, now
		d.Aside[e.By] = d.Aside[e.By].Plus(e.Aside)
	case escrow.Costs:
		tr.Milestones[e.Milestone].Dispute.Paid = [2]amount.Int128{e.BuyerPaid, e.SellerPaid}
	case escrow.Ended, escrow.Cancelled:
		tr.EndedAt = now
	}
}

func (n *modelNet) Head(context.Context) (Ledger, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := ledgerOf(n.ledger)
	at.Sequence -= n.lag
	return at, nil
}

func (n *modelNet) Contracts(context.Context) ([]Followed, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return []Followed{{Contract: escrow.Address(n.self.String()), Ledger: n.ledger.Sequence - n.lag, Gap: n.gap}}, nil
}

func (n *modelNet) Trade(_ context.Context, id escrow.ID) (Trade, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	tr, ok := n.trades[id]
	if !ok {
		return Trade{}, ErrNoTrade
	}
	return *tr, nil
}

func (n *modelNet) List(_ context.Context, f TradeFilter) ([]Trade, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Trade
	for _, id := range n.order {
		tr := n.trades[id]
		role, takesPart := tr.Terms.RoleOf(f.Party)
		if f.Party != "" && (!takesPart || f.Role != "" && f.Role != [3]string{"buyer", "seller", "arbitrator"}[min(role, 2)]) ||
			f.Stage != nil && tr.State.Stage != *f.Stage || f.Asset != "" && tr.Terms.Asset != f.Asset || f.Before != "" && tr.Opened.Event >= f.Before {
			continue
		}
		out = append(out, *tr)
	}
	slices.SortFunc(out, func(a, b Trade) int { return cmp.Compare(b.Opened.Event, a.Opened.Event) })
	return out[:min(len(out), f.Limit)], nil
}

func (n *modelNet) Events(_ context.Context, id escrow.ID, after string, limit int) ([]Event, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Event
	for _, e := range n.events[id] {
		if e.ID > after && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}
