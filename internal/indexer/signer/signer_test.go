package signer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// desk is a key, people who trade, and the contract they trade in.
type desk struct {
	t        *testing.T
	network  stellar.Network
	contract stellar.Address
	keys     map[string]*keypair.Full
	now      time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, network: must(stellar.NewNetwork("Signers of the tests ; 2026")), contract: stellar.Address{Contract: true, Key: [32]byte{7}}, keys: map[string]*keypair.Full{}, now: time.Unix(1_800_000_000, 0)}
	for _, name := range []string{"key", "other own", "buyer", "seller", "arbitrator"} {
		d.keys[name] = must(keypair.Random())
	}
	return d
}

// must is for what cannot fail in a test: a panic names the line.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (d *desk) address(name string) stellar.Address {
	return must(stellar.ParseAddress(d.keys[name].Address()))
}

func (d *desk) signer(job signer.Job) *signer.Signer {
	d.t.Helper()
	return must(signer.New(signer.Config{
		Job: job, Account: d.address("key"), Seed: func() secret.Secret { return secret.New(d.keys["key"].Seed()) }, Network: d.network,
		Follows: func() []stellar.Address { return []stellar.Address{{Contract: true, Key: [32]byte{6}}, d.contract} },
		Own:     func() []stellar.Address { return []stellar.Address{d.address("other own")} }, MaxFee: 1_000_000, Now: func() time.Time { return d.now },
	}))
}

func (d *desk) terms() escrow.Terms {
	who := func(name string) escrow.Address { return escrow.Address(d.keys[name].Address()) }
	one := amount.Int(10_000_000)
	return escrow.Terms{
		ArbitrationFee: one, Asset: escrow.Address(stellar.Address{Contract: true, Key: [32]byte{8}}.String()), Bond: one, Buyer: who("buyer"), Seller: who("seller"),
		FundBy: 1_800_000_100, Inspection: 1000, Milestones: []escrow.Milestone{{Amount: one, DeliverBy: 1_800_010_000}},
		Panel: escrow.Panel{Arbitrators: []escrow.Address{who("arbitrator")}, Quorum: 1}, Windows: escrow.Windows{Appeal: 1000, Offers: 1000, Ruling: 1000},
	}
}

// offered is a transaction as it comes to a key.
type offered struct {
	source   stellar.Address
	call     escrow.Call
	contract stellar.Address
	fee      int64
	notAfter uint64
	auth     func([]xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry
	signed   bool
	tree     *stellar.Tree
}

func (d *desk) offer(call escrow.Call) offered {
	return offered{source: d.address("key"), call: call, contract: d.contract, fee: 1000, notAfter: uint64(d.now.Unix()) + 60}
}

// authorise is what the call may ask to be signed, and that, signed by whom it needs.
func (d *desk) authorise(o offered) (stellar.Tree, []xdr.SorobanAuthorizationEntry) {
	d.t.Helper()
	key := escrow.Address(d.address("key").String())
	tree := must(stellar.ExpectedTree(o.contract, o.call, stellar.State{Trade: &escrow.Trade{}, Config: &escrow.Config{Admin: key, AnchorKey: &key, PendingAdmin: &key}}))
	var auth []xdr.SorobanAuthorizationEntry
	if tree.Signer != nil {
		entry := xdr.SorobanAuthorizationEntry{RootInvocation: tree.Invocation(), Credentials: xdr.SorobanCredentials{
			Type:    xdr.SorobanCredentialsTypeSorobanCredentialsAddress,
			Address: &xdr.SorobanAddressCredentials{Address: tree.Signer.ScAddress(), Nonce: 1, Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid}},
		}}
		if *tree.Signer == o.source {
			entry.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}
		}
		for _, k := range d.keys {
			if k.Address() == tree.Signer.String() && *tree.Signer != o.source {
				entry = must(stellar.SignAuth(d.network, entry, 100, k))
			}
		}
		auth = append(auth, entry)
	}
	if o.auth != nil {
		auth = o.auth(auth)
	}
	return tree, auth
}

// give builds the transaction and has it signed. What a party authorises, that party has signed.
func (d *desk) give(s *signer.Signer, o offered) (stellar.Transaction, error) {
	d.t.Helper()
	tree, auth := d.authorise(o)
	tx := must(stellar.Invoke(stellar.Envelope{Source: o.source, Sequence: 1, NotAfter: o.notAfter, InclusionFee: 100}, tree.Call))
	tx = must(tx.Assemble(xdr.SorobanTransactionData{}, o.fee, auth))
	if o.signed {
		tx = must(tx.Sign(d.network, d.keys["buyer"]))
	}
	if o.tree != nil {
		tree = *o.tree
	}
	return s.Sign(tx, tree)
}

func ref[T any](v T) *T { return &v }

// The calls of the contract, each as somebody who trades, or the platform, would make it.
func (d *desk) calls() []escrow.Call {
	terms := d.terms()
	return []escrow.Call{
		escrow.CallOpen{Terms: terms}, escrow.CallAccept{Terms: terms}, escrow.CallFund{Terms: terms}, escrow.CallCancel{Terms: terms},
		escrow.CallDeliver{Terms: terms}, escrow.CallRelease{Terms: terms}, escrow.CallRefund{Terms: terms}, escrow.CallSettle{Terms: terms}, escrow.CallDispute{Terms: terms},
		escrow.CallOffer{Terms: terms}, escrow.CallAcceptOffer{Terms: terms}, escrow.CallEvidence{Terms: terms}, escrow.CallRule{Terms: terms, By: 2}, escrow.CallAppeal{Terms: terms},
		escrow.CallClaim{Terms: terms, Role: escrow.Buyer, To: terms.Buyer}, escrow.CallExtend{}, escrow.CallCollect{Asset: terms.Asset}, escrow.CallProposeFee{Receiver: terms.Buyer}, escrow.CallCancelFee{},
		escrow.CallPause{}, escrow.CallUnpause{}, escrow.CallProposeAdmin{To: terms.Buyer}, escrow.CallAcceptAdmin{}, escrow.CallSetAnchor{Key: terms.Buyer}, escrow.CallAnchor{},
	}
}

// Every function of the contract is offered to every key, and each signs exactly its own.
func TestEachKeySignsItsOwnCallsOnly(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct {
		job  signer.Job
		mine string
	}{
		"channel": {signer.Channel, "open accept fund cancel deliver release refund settle dispute offer accept_offer evidence rule appeal claim extend"},
		"keeper":  {signer.Keeper, "settle extend"},
		"anchor":  {signer.Anchor, "anchor"},
	} {
		s := d.signer(c.job)
		for _, call := range d.calls() {
			mine := strings.Contains(" "+c.mine+" ", " "+call.Function()+" ")
			tx, err := d.give(s, d.offer(call))
			if mine && (err != nil || !tx.SignedBy(d.network, s.Account(), verify)) {
				t.Errorf("the %s key does not sign %s: %v", name, call.Function(), err)
			}
			if !mine && (!errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), "a call of "+call.Function()) || !strings.Contains(err.Error(), name)) {
				t.Errorf("the %s key and %s: %v", name, call.Function(), err)
			}
		}
	}
}

func verify(key [32]byte, payload, signature []byte) bool {
	return must(keypair.ParseAddress(stellar.Address{Key: key}.String())).Verify(payload, signature) == nil
}

// Each way to make the sponsor's signature count for more than its fee is refused, and named.
func TestTheSponsorAuthorisesNothing(t *testing.T) {
	d := newDesk(t)
	s := d.signer(signer.Channel)
	fund := d.offer(escrow.CallFund{Terms: d.terms()})
	if _, err := d.give(s, fund); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*offered)) offered {
		o := fund
		change(&o)
		return o
	}
	named := func(change func(*escrow.Terms)) offered {
		terms := d.terms()
		change(&terms)
		return d.offer(escrow.CallFund{Terms: terms})
	}
	key, own := escrow.Address(d.address("key").String()), escrow.Address(d.address("other own").String())
	for why, o := range map[string]offered{
		"takes part":                   named(func(terms *escrow.Terms) { terms.Buyer = key }),
		"an account of the platform's": named(func(terms *escrow.Terms) { terms.Seller = own }),
		"a fund in which":              named(func(terms *escrow.Terms) { terms.Panel.Arbitrators = []escrow.Address{own} }),
		"of the platform's":            named(func(terms *escrow.Terms) { terms.AppealPanel.Arbitrators = []escrow.Address{own} }),
		"a claim in which":             d.offer(escrow.CallClaim{Terms: d.terms(), Role: escrow.Buyer, To: own}),
		"nobody has signed": with(func(o *offered) {
			o.auth = func(auth []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
				return []xdr.SorobanAuthorizationEntry{stellar.WithExpiry(auth[0], 5)}
			}
		}),
		"not the expected authorisation": with(func(o *offered) {
			o.auth = func(auth []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
				auth[0].Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}
				return auth
			}
		}),
		"2 authorisations": with(func(o *offered) {
			o.auth = func(auth []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
				return append(auth, auth[0])
			}
		}),
		"a transaction of":                with(func(o *offered) { o.source = d.address("other own") }),
		"somebody has signed already":     with(func(o *offered) { o.signed = true }),
		"more than 1000000":               with(func(o *offered) { o.fee = 1_000_000 }),
		"could be included until":         with(func(o *offered) { o.notAfter += 600 }),
		"a contract that is not followed": with(func(o *offered) { o.contract = stellar.Address{Contract: true, Key: [32]byte{9}} }),
		"authorised by": with(func(o *offered) {
			o.tree = ref(must(stellar.ExpectedTree(d.contract, escrow.CallDeliver{Terms: d.terms()}, stellar.State{})))
		}),
		"needs nobody's authorisation, but": with(func(o *offered) { o.tree = &stellar.Tree{} }),
	} {
		if tx, err := d.give(s, o); !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: signed %d times, %v", why, tx.Signatures(), err)
		}
	}
}

func TestTheKeeperTakesNoAuthorisations(t *testing.T) {
	d := newDesk(t)
	s := d.signer(signer.Keeper)
	settle := d.offer(escrow.CallSettle{Terms: d.terms(), Milestones: []uint32{0}, Push: true})
	if _, err := d.give(s, settle); err != nil {
		t.Fatal(err)
	}
	// What a hostile token asks of whoever settles, a simulation records: even expected, it would not be signed.
	fund := must(stellar.ExpectedTree(d.contract, escrow.CallFund{Terms: d.terms()}, stellar.State{}))
	settle.auth = func([]xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
		return []xdr.SorobanAuthorizationEntry{{RootInvocation: fund.Invocation(), Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}}}
	}
	if _, err := d.give(s, settle); !errors.Is(err, signer.ErrNotMine) {
		t.Errorf("with an authorisation that a token asked for: %v", err)
	}
	settle.tree = ref(fund)
	settle.tree.Signer = ref(d.address("key"))
	if _, err := d.give(s, settle); !errors.Is(err, signer.ErrNotMine) {
		t.Errorf("with one that the caller took for the expected one: %v", err)
	}
}

// Restoring what is archived comes before any call; extending lives is the keeper's.
func TestOperationsThatAreNoCalls(t *testing.T) {
	d := newDesk(t)
	e := stellar.Envelope{Source: d.address("key"), Sequence: 1, NotAfter: uint64(d.now.Unix()) + 60, InclusionFee: 100}
	restore := must(stellar.Restore(e, xdr.SorobanTransactionData{}, 1000))
	extend := must(must(stellar.ExtendTTL(e, []xdr.LedgerKey{}, 1000)).Assemble(xdr.SorobanTransactionData{}, 1000, nil))
	upload := must(must(stellar.Upload(e, []byte{0, 'a', 's', 'm'})).Assemble(xdr.SorobanTransactionData{}, 1000, nil))
	for name, job := range map[string]signer.Job{"channel": signer.Channel, "keeper": signer.Keeper, "anchor": signer.Anchor} {
		s := d.signer(job)
		if _, err := s.Sign(restore, stellar.Tree{}); err != nil {
			t.Errorf("the %s key does not restore: %v", name, err)
		}
		if _, err := s.Sign(extend, stellar.Tree{}); (err == nil) != (name == "keeper") {
			t.Errorf("the %s key extends: %v", name, err)
		}
		if _, err := s.Sign(upload, stellar.Tree{}); !errors.Is(err, signer.ErrNotMine) {
			t.Errorf("the %s key uploads code: %v", name, err)
		}
	}
}

// A seed that is no seed, or of another account, is found at the start and after a rotation; no message shows it.
func TestSeedsAreTheAccounts(t *testing.T) {
	d := newDesk(t)
	seed := d.keys["key"].Seed()
	config := signer.Config{Job: signer.Keeper, Account: d.address("key"), Seed: func() secret.Secret { return secret.New(seed) }, Network: d.network,
		Follows: func() []stellar.Address { return []stellar.Address{d.contract} }, MaxFee: 1_000_000, Now: func() time.Time { return d.now }}
	s := must(signer.New(config))
	for name, bad := range map[string]string{"another account's": d.keys["buyer"].Seed(), "an address": d.keys["arbitrator"].Address(), "cut off": seed[:40], "empty": ""} {
		seed = bad
		for what, err := range map[string]error{
			"start": second(signer.New(config)), "sign": second(d.give(s, d.offer(escrow.CallExtend{}))),
		} {
			if err == nil || bad != "" && strings.Contains(err.Error(), bad) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }
