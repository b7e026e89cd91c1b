package sponsor_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/sponsor"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

var maxNonce = big.NewInt(1 << 62)

// Fifty traders open trades at once, their counterparties accept them at once: fifty channel accounts send all of it, each number is used once,
// and the fee account pays what the ledger charges, to the stroop. The traders pay nothing.
func TestFiftyAtOnce(t *testing.T) {
	const n = 50
	var people []string
	for i := range n {
		people = append(people, fmt.Sprint("trader ", i))
	}
	w := newWorld(t, n, people...)
	s := w.sponsor(w.settings())
	before := map[string]int64{}
	for _, name := range w.channels {
		before[name] = w.sequence(name)
	}
	paid, traders := w.balance("fee"), w.balance(people[0])

	var all []escrow.Terms
	for i := range n {
		all = append(all, w.terms(people[i], people[(i+1)%n], byte(i)))
	}
	round := func(number int64, call func(terms escrow.Terms) (escrow.Call, stellar.State)) {
		t.Helper()
		var wg sync.WaitGroup
		for _, terms := range all {
			wg.Go(func() {
				out, err := s.Sponsor(t.Context(), w.request(call(terms)))
				if err != nil || out.Failure != nil || out.State != relay.SubmissionPending {
					t.Errorf("%+v, %v", out, err)
					return
				}
				if got := w.await(out.Hash); got.State != relay.TransactionIncluded {
					t.Errorf("%+v", got)
				}
			})
		}
		wg.Wait()
		// Every call has used one number, none twice or in vain. A channel that was given back early may have sent a late one too.
		used, idle := int64(0), 0
		for _, name := range w.channels {
			n := w.sequence(name) - before[name]
			if used += n; n == 0 {
				idle++
			}
		}
		if used != number*n || idle > n/5 {
			t.Errorf("%d numbers were used in %d rounds of %d calls, %d channels have used none", used, number, n, idle)
		}
	}
	round(1, func(terms escrow.Terms) (escrow.Call, stellar.State) {
		return escrow.CallOpen{Terms: terms, By: escrow.Buyer}, stellar.State{}
	})
	w.settled(paid - w.balance("fee"))
	round(2, func(terms escrow.Terms) (escrow.Call, stellar.State) {
		return escrow.CallAccept{Terms: terms}, stellar.State{Trade: &escrow.Trade{OpenedBy: escrow.Buyer}}
	})
	w.settled(paid - w.balance("fee"))
	if got := w.spent("").Transactions; got != 2*n {
		t.Errorf("%d transactions, not %d", got, 2*n)
	}
	if one := w.spent(w.address(people[0]).String()); one.Transactions != 2 || one.Stroops == 0 {
		t.Errorf("of one trader: %+v", one)
	}
	if got := w.balance(people[0]); got != traders {
		t.Errorf("a trader had %d stroops, and has %d", traders, got)
	}
}

// Two replicas share the channel accounts and the store: none is used by both at once, so every call is included at the first try.
func TestTwoReplicasShareTheChannels(t *testing.T) {
	w := newWorld(t, 4, "buyer", "seller")
	replicas := []*sponsor.Sponsor{w.sponsor(w.settings()), w.sponsor(w.settings())}
	var used int64
	for _, name := range w.channels {
		used -= w.sequence(name)
	}
	const n = 16
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			out, err := replicas[i%2].Sponsor(t.Context(), w.request(escrow.CallOpen{Terms: w.terms("buyer", "seller", byte(i)), By: escrow.Buyer}, stellar.State{}))
			if err != nil || out.State != relay.SubmissionPending {
				t.Errorf("%+v, %v", out, err)
				return
			}
			if got := w.await(out.Hash); got.State != relay.TransactionIncluded {
				t.Errorf("%+v", got)
			}
		})
	}
	wg.Wait()
	for _, name := range w.channels {
		used += w.sequence(name)
	}
	if used != n {
		t.Errorf("%d calls have used %d sequence numbers", n, used)
	}
}

// envelope is a call that a trader sends, signed: ready but for whoever pays.
func (w *world) envelope(who string, call escrow.Call) (stellar.Transaction, relay.SponsorRequest) {
	w.t.Helper()
	tree := must(stellar.ExpectedTree(w.contract, call, stellar.State{}))
	tx := must(stellar.Invoke(stellar.Envelope{Source: w.address(who), Sequence: w.sequence(who), NotAfter: uint64(w.now().Unix()) + 120, InclusionFee: 100}, tree.Call))
	sim := must(w.server.Simulate(w.t.Context(), must(tx.Base64())))
	if sim.Failure != nil {
		w.t.Fatalf("%+v", sim.Failure)
	}
	tx = must(tx.Sign(w.node.Network()))
	tx = w.assemble(tx, sim)
	tx = must(tx.Sign(w.node.Network(), w.keys[who]))
	return tx, relay.SponsorRequest{Envelope: must(tx.Base64())}
}

// A transaction that a trader has signed is paid for by a fee bump: it uses the trader's number, and costs the fee account alone.
func TestATradersOwnTransactionIsPaidFor(t *testing.T) {
	w := newWorld(t, 1, "buyer", "seller")
	s := overHTTP(t, sponsor.Over(w.server, w.sponsor(w.settings())))
	paid, trader, channel := w.balance("fee"), w.balance("buyer"), w.sequence("channel 0")
	terms := w.terms("buyer", "seller", 1)
	_, r := w.envelope("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	out, err := s.Sponsor(t.Context(), r)
	if err != nil || out.State != relay.SubmissionPending {
		t.Fatalf("%+v, %v", out, err)
	}
	got := w.await(out.Hash)
	if got.State != relay.TransactionIncluded || paid-w.balance("fee") != got.FeeCharged || w.balance("buyer") != trader || w.sequence("channel 0") != channel {
		t.Errorf("%+v; the fee account has paid %d", got, paid-w.balance("fee"))
	}
	w.settled(got.FeeCharged)

	// Its number is used: it is not even reserved for.
	out, err = s.Sponsor(t.Context(), r)
	if err != nil || out.Failure == nil && out.State != relay.SubmissionRejected {
		t.Errorf("again: %+v, %v", out, err)
	}
	// So is that of an account that does not exist: anybody can make a key.
	w.keys["nobody"] = must(keypair.Random())
	tx := must(stellar.Invoke(stellar.Envelope{Source: w.address("nobody"), Sequence: 1, NotAfter: uint64(w.now().Unix()) + 120, InclusionFee: 100},
		must(stellar.EncodeCall(w.contract, escrow.CallExtend{ID: must(stellar.TermsID(w.node.Network(), w.contract, terms))}))))
	tx = w.assemble(tx, must(w.server.Simulate(t.Context(), must(tx.Base64()))))
	out, err = s.Sponsor(t.Context(), relay.SponsorRequest{Envelope: must(must(tx.Sign(w.node.Network(), w.keys["nobody"])).Base64())})
	if err != nil || out.State != relay.SubmissionRejected || out.Code != "tx_no_account" {
		t.Errorf("of an account that does not exist: %+v, %v", out, err)
	}
	if w.spent("").Transactions != 1 {
		t.Errorf("%+v", w.spent(""))
	}
	// Beside it everything is as the relay says.
	if fees, err := s.FeeStats(t.Context()); err != nil || fees.Max == 0 {
		t.Errorf("%+v, %v", fees, err)
	}
}

// Each way to have more paid than should be is refused before anything is spent, and its reason is counted.
func TestRefusals(t *testing.T) {
	w := newWorld(t, 2, "buyer", "seller")
	config := w.settings()
	s := w.sponsor(config)
	small := config
	small.Limits.Ceiling = 1000
	cheap := w.sponsor(small)
	none := config
	none.Limits.Account.Transactions = 0
	spent := w.sponsor(none)
	open := func(change func(*escrow.Terms)) relay.SponsorRequest {
		terms := w.terms("buyer", "seller", 1)
		change(&terms)
		return w.request(escrow.CallOpen{Terms: terms, By: escrow.Buyer}, stellar.State{})
	}
	good := open(func(*escrow.Terms) {})
	with := func(change func(*relay.SponsorRequest)) relay.SponsorRequest {
		r := good
		change(&r)
		return r
	}
	_, sent := w.envelope("buyer", escrow.CallOpen{Terms: w.terms("buyer", "seller", 1), By: escrow.Buyer})
	for name, c := range map[string]struct {
		s    *sponsor.Sponsor
		r    relay.SponsorRequest
		kind error
		says string
	}{
		"nothing":              {s, relay.SponsorRequest{}, relay.ErrInvalid, "neither a call nor a transaction"},
		"both":                 {s, with(func(r *relay.SponsorRequest) { r.Envelope = sent.Envelope }), relay.ErrInvalid, "or both"},
		"no call":              {s, with(func(r *relay.SponsorRequest) { r.Call = "AAAA" }), relay.ErrInvalid, "call"},
		"nobody has signed":    {s, with(func(r *relay.SponsorRequest) { r.Auth = nil }), relay.ErrInvalid, "no authorisation of"},
		"for somebody else":    {s, with(func(r *relay.SponsorRequest) { r.Account = w.address("seller").String() }), relay.ErrInvalid, "not by"},
		"two authorisations":   {s, with(func(r *relay.SponsorRequest) { r.Auth = append(r.Auth, r.Auth[0]) }), relay.ErrInvalid, "2 authorisations"},
		"of another call":      {s, with(func(r *relay.SponsorRequest) { r.Auth = open(func(t *escrow.Terms) { t.Salt[1] = 1 }).Auth }), relay.ErrInvalid, "argument"},
		"an asset not listed":  {s, open(func(t *escrow.Terms) { t.Asset = escrow.Address(w.contract.String()) }), relay.ErrNotOffered, "not among those"},
		"the fee account":      {s, open(func(t *escrow.Terms) { t.Seller = w.rule("fee") }), relay.ErrNotOffered, "an account of the platform's"},
		"a channel account":    {s, open(func(t *escrow.Terms) { t.Seller = w.rule("channel 1") }), relay.ErrNotOffered, "an account of the platform's"},
		"the operator":         {s, open(func(t *escrow.Terms) { t.Seller = w.rule("operator") }), relay.ErrNotOffered, "an account of the platform's"},
		"an admin's function":  {s, relay.SponsorRequest{Call: must(stellar.Encode(must(stellar.EncodeCall(w.contract, escrow.CallPause{}))))}, relay.ErrNotOffered, "pause"},
		"the fees' collection": {s, relay.SponsorRequest{Call: must(stellar.Encode(must(stellar.EncodeCall(w.contract, escrow.CallCollect{Asset: escrow.Address(w.asset.String())}))))}, relay.ErrNotOffered, "collect"},
		"another contract":     {s, relay.SponsorRequest{Call: must(stellar.Encode(must(stellar.EncodeCall(w.asset, escrow.CallExtend{}))))}, relay.ErrNotOffered, "not one of the platform's"},
		"too dear":             {cheap, good, relay.ErrNotOffered, "at most 1000"},
		"the account's limit":  {spent, good, relay.ErrSpent, "midnight"},
		"an accept of no trade": {s, with(func(r *relay.SponsorRequest) {
			r.Call = must(stellar.Encode(must(stellar.EncodeCall(w.contract, escrow.CallAccept{Terms: w.terms("buyer", "seller", 9)}))))
		}), relay.ErrInvalid, "who opened the trade is not known"},
	} {
		out, err := c.s.Sponsor(t.Context(), c.r)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v; want %v, %q", name, out, err, c.kind, c.says)
		}
	}
	// What fails, fails in the simulation: the buyer cannot fund what is not open.
	fund := w.request(escrow.CallFund{Terms: w.terms("buyer", "seller", 8)}, stellar.State{})
	if out, err := s.Sponsor(t.Context(), fund); err != nil || out.Failure == nil || out.Failure.Kind != relay.FailedByContract {
		t.Errorf("a call that fails: %+v, %v", out, err)
	}
	forged := with(func(r *relay.SponsorRequest) { r.Auth = []string{w.forged(r.Auth[0])} })
	if out, err := s.Sponsor(t.Context(), forged); err != nil || out.Failure == nil || out.Failure.Kind != relay.FailedByAuth {
		t.Errorf("a signature of somebody else: %+v, %v", out, err)
	}
	soon := w.request(escrow.CallOpen{Terms: w.terms("buyer", "seller", 7), By: escrow.Buyer}, stellar.State{})
	soon.Auth = []string{w.until(soon.Auth[0], must(w.server.LatestLedger(t.Context())).Sequence+5)}
	if out, err := s.Sponsor(t.Context(), soon); err != nil || out.Failure == nil || !strings.Contains(out.Failure.Detail, "is the newest: have one signed for") {
		t.Errorf("an authorisation that ends in five ledgers: %+v, %v", out, err)
	}
	if got := w.spent(""); got.Transactions != 0 || got.Stroops != 0 {
		t.Errorf("refusals have cost %+v", got)
	}
	if err := testutil.CollectAndCompare(s, strings.NewReader(`
		# HELP stellar_escrow_sponsor_refusals_total Requests that were not paid for, by the reason.
		# TYPE stellar_escrow_sponsor_refusals_total counter
		stellar_escrow_sponsor_refusals_total{reason="asset"} 1
		stellar_escrow_sponsor_refusals_total{reason="busy"} 0
		stellar_escrow_sponsor_refusals_total{reason="dear"} 0
		stellar_escrow_sponsor_refusals_total{reason="fails"} 3
		stellar_escrow_sponsor_refusals_total{reason="function"} 3
		stellar_escrow_sponsor_refusals_total{reason="invalid"} 8
		stellar_escrow_sponsor_refusals_total{reason="key"} 0
		stellar_escrow_sponsor_refusals_total{reason="other"} 0
		stellar_escrow_sponsor_refusals_total{reason="own"} 3
		stellar_escrow_sponsor_refusals_total{reason="rejected"} 0
		stellar_escrow_sponsor_refusals_total{reason="spent"} 0
		# HELP stellar_escrow_sponsor_channels Channel accounts, by whether this process uses them; others may use free ones.
		# TYPE stellar_escrow_sponsor_channels gauge
		stellar_escrow_sponsor_channels{state="free"} 2
		stellar_escrow_sponsor_channels{state="leased"} 0
		# HELP stellar_escrow_sponsor_limit_stroops What a day may cost.
		# TYPE stellar_escrow_sponsor_limit_stroops gauge
		stellar_escrow_sponsor_limit_stroops 1e+11
		# HELP stellar_escrow_sponsor_spent_stroops What the day (UTC) has cost so far, what is on its way at its most among it; of all processes.
		# TYPE stellar_escrow_sponsor_spent_stroops gauge
		stellar_escrow_sponsor_spent_stroops 0
	`), "stellar_escrow_sponsor_refusals_total", "stellar_escrow_sponsor_channels", "stellar_escrow_sponsor_limit_stroops", "stellar_escrow_sponsor_spent_stroops"); err != nil {
		t.Error(err)
	}
}

// A trade that was forgotten until its entry was archived is cancelled all the same, by a stranger who pays nothing: the call restores what it
// needs. What that costs counts against the ceiling like everything else.
func TestAnArchivedTradeIsCancelled(t *testing.T) {
	w := newWorld(t, 1, "buyer", "seller")
	config := w.settings()
	config.Limits.Ceiling = 1_000_000_000
	s := w.sponsor(config)
	terms := w.terms("buyer", "seller", 1)
	out, err := s.Sponsor(t.Context(), w.request(escrow.CallOpen{Terms: terms, By: escrow.Buyer}, stellar.State{}))
	if err != nil || w.await(out.Hash).State != relay.TransactionIncluded {
		t.Fatalf("%+v, %v", out, err)
	}
	key := stellar.TradeKey(w.contract, must(stellar.TermsID(w.node.Network(), w.contract, terms)))
	archived := func() bool {
		t.Helper()
		entries, latest, err := w.node.Entries(t.Context(), key)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%+v, %v", entries, err)
		}
		return entries[0].LiveUntil < latest
	}
	for range 20 {
		if !archived() {
			must(w.net.Advance(30 * 24 * time.Hour))
		}
	}
	if !archived() {
		t.Fatal("the trade is not archived after 600 days")
	}
	cancel := w.request(escrow.CallCancel{Terms: terms}, stellar.State{})
	if out, err := w.sponsor(w.settings()).Sponsor(t.Context(), cancel); !errors.Is(err, relay.ErrNotOffered) || !strings.Contains(err.Error(), "dearer than a transaction may be") {
		t.Errorf("with the usual ceiling: %+v, %v", out, err)
	}
	out, err = s.Sponsor(t.Context(), cancel)
	if err != nil || out.State != relay.SubmissionPending {
		t.Fatalf("%+v, %v", out, err)
	}
	if got := w.await(out.Hash); got.State != relay.TransactionIncluded || got.FeeCharged < generous.Ceiling {
		t.Errorf("%+v", got)
	}
}
