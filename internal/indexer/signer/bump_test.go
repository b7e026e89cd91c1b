package signer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// fee is the fee key, for whose channel account "channel" stands.
func (d *desk) fee(job signer.Job) *signer.Signer {
	d.t.Helper()
	if d.keys["channel"] == nil {
		d.keys["channel"] = must(keypair.Random())
	}
	return must(signer.New(signer.Config{
		Job: job, Account: d.address("key"), Seed: func() secret.Secret { return secret.New(d.keys["key"].Seed()) }, Network: d.network,
		Follows:  func() []stellar.Address { return []stellar.Address{d.contract} },
		Own:      func() []stellar.Address { return []stellar.Address{d.address("other own")} },
		Channels: func() []stellar.Address { return []stellar.Address{d.address("channel")} }, MaxFee: 1_000_000, Now: func() time.Time { return d.now },
	}))
}

// bumped is what comes to a fee key.
type bumped struct {
	offered
	by    string // who signs the inner transaction; empty: nobody
	payer string
	extra int64 // above what the network takes
	twice bool  // the payer has signed already
}

func (d *desk) bump(source string, call escrow.Call) bumped {
	o := d.offer(call)
	o.source = d.address(source)
	return bumped{offered: o, by: source, payer: "key"}
}

// giveBump builds the fee bump and has it signed.
func (d *desk) giveBump(s *signer.Signer, b bumped) (stellar.FeeBump, error) {
	d.t.Helper()
	tree, auth := d.authorise(b.offered)
	inner := must(stellar.Invoke(stellar.Envelope{Source: b.source, Sequence: 1, NotAfter: b.notAfter, InclusionFee: 100}, tree.Call))
	inner = must(inner.Assemble(xdr.SorobanTransactionData{}, b.fee, auth))
	if b.tree != nil {
		tree = *b.tree
	}
	return d.signBump(s, b, inner, tree)
}

func (d *desk) signBump(s *signer.Signer, b bumped, inner stellar.Transaction, tree stellar.Tree) (stellar.FeeBump, error) {
	d.t.Helper()
	inner = must(inner.Sign(d.network, d.keys[b.by]))
	bump := must(stellar.Bump(inner, d.address(b.payer), stellar.BumpFee(inner)+b.extra))
	if b.twice {
		bump = must(bump.Sign(d.network, d.keys["buyer"]))
	}
	return s.Bump(bump, tree)
}

// The fee key pays for traders' functions and nothing else, whoever sends them; no other key signs a fee bump, and it signs nothing but those.
func TestTheFeeKeySignsFeeBumpsOnly(t *testing.T) {
	d := newDesk(t)
	const traders = " open accept fund cancel deliver release refund settle dispute offer accept_offer evidence rule appeal claim extend "
	fee := d.fee(signer.Fee)
	others := []*signer.Signer{d.fee(signer.Channel), d.fee(signer.Keeper), d.fee(signer.Anchor)}
	for _, source := range []string{"channel", "buyer", "arbitrator"} {
		for _, call := range d.calls() {
			b := d.bump(source, call)
			out, err := d.giveBump(fee, b)
			if mine := strings.Contains(traders, " "+call.Function()+" "); mine {
				if err != nil || out.Signatures() != 1 || !out.SignedBy(d.network, fee.Account(), verify) {
					t.Errorf("%s sent by %s: %v", call.Function(), source, err)
				}
			} else if !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), "a call of "+call.Function()) {
				t.Errorf("%s sent by %s: %v", call.Function(), source, err)
			}
			for _, s := range others {
				if _, err := d.giveBump(s, b); !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), "a fee bump") {
					t.Errorf("another key, %s sent by %s: %v", call.Function(), source, err)
				}
			}
			if _, err := d.give(fee, d.offer(call)); !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), "no fee bump") {
				t.Errorf("the fee key and a plain %s: %v", call.Function(), err)
			}
		}
	}
}

// Each way to have the fee key pay for what it should not is refused, and named.
func TestTheFeeKeyPaysForNothingElse(t *testing.T) {
	d := newDesk(t)
	s := d.fee(signer.Fee)
	fund := escrow.CallFund{Terms: d.terms()}
	named := func(source string, change func(*escrow.Terms)) bumped {
		terms := d.terms()
		change(&terms)
		return d.bump(source, escrow.CallFund{Terms: terms})
	}
	with := func(source string, change func(*bumped)) bumped {
		b := d.bump(source, fund)
		change(&b)
		return b
	}
	bySource := func(auth []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
		auth[0].Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}
		return auth
	}
	rule := func(name string) escrow.Address { return escrow.Address(d.address(name).String()) }
	for _, c := range []struct {
		says string
		b    bumped
	}{
		{"a fee bump of", with("buyer", func(b *bumped) { b.payer = "other own" })},
		{"somebody has signed already", with("buyer", func(b *bumped) { b.twice = true })},
		{"more than 1000000", with("buyer", func(b *bumped) { b.extra = 1_000_000 })},
		{"has not signed", with("buyer", func(b *bumped) { b.by = "seller" })},
		{"has not signed", with("channel", func(b *bumped) { b.by = "key" })},
		{"that is no channel", d.bump("key", fund)},
		{"that is no channel", d.bump("other own", fund)},
		{"could be included until", with("buyer", func(b *bumped) { b.notAfter += 600 })},
		{"a contract that is not followed", with("buyer", func(b *bumped) { b.contract = stellar.Address{Contract: true, Key: [32]byte{9}} })},
		{"takes part", named("seller", func(t *escrow.Terms) { t.Buyer = rule("key") })},
		{"takes part", named("buyer", func(t *escrow.Terms) { t.Seller = rule("channel") })},
		{"takes part", named("buyer", func(t *escrow.Terms) { t.Panel.Arbitrators[0] = rule("other own") })},
		{"takes part", d.bump("buyer", escrow.CallClaim{Terms: d.terms(), Role: escrow.Buyer, To: rule("channel")})},
		{"not the expected authorisation", with("channel", func(b *bumped) { b.auth = bySource })},
		{"not the expected authorisation", with("seller", func(b *bumped) { b.auth = bySource })},
		{"2 authorisations", with("buyer", func(b *bumped) {
			b.auth = func(auth []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
				return append(auth, auth[0])
			}
		})},
		{"nobody has signed", with("seller", func(b *bumped) {
			b.auth = func(auth []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
				return []xdr.SorobanAuthorizationEntry{stellar.WithExpiry(auth[0], 5)}
			}
		})},
	} {
		if out, err := d.giveBump(s, c.b); !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: signed %d times, %v", c.says, out.Signatures(), err)
		}
	}
	// What a channel account's signature would authorise is refused even where it is taken for the expected one.
	tree, _ := d.authorise(d.offer(fund))
	tree.Signer = ref(d.address("channel"))
	b := with("channel", func(b *bumped) { b.auth, b.tree = bySource, &tree })
	if _, err := d.giveBump(s, b); !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), "own signature") {
		t.Errorf("authorised by a channel account: %v", err)
	}
}

// Archived entries are restored for what a channel account sends; a stranger restores at their own cost.
func TestTheFeeKeyPaysForRestoring(t *testing.T) {
	d := newDesk(t)
	s := d.fee(signer.Fee)
	for source, mine := range map[string]bool{"channel": true, "buyer": false} {
		e := stellar.Envelope{Source: d.address(source), Sequence: 1, NotAfter: uint64(d.now.Unix()) + 60, InclusionFee: 100}
		restore := must(stellar.Restore(e, xdr.SorobanTransactionData{}, 1000))
		extend := must(must(stellar.ExtendTTL(e, []xdr.LedgerKey{}, 1000)).Assemble(xdr.SorobanTransactionData{}, 1000, nil))
		b := bumped{by: source, payer: "key"}
		if _, err := d.signBump(s, b, restore, stellar.Tree{}); (err == nil) != mine {
			t.Errorf("restored by %s: %v", source, err)
		}
		if _, err := d.signBump(s, b, extend, stellar.Tree{}); !errors.Is(err, signer.ErrNotMine) {
			t.Errorf("extended by %s: %v", source, err)
		}
	}
}

// One secret has the seeds of several accounts, a line each.
func TestSeveralKeysInOneSecret(t *testing.T) {
	d := newDesk(t)
	config := signer.Config{Job: signer.Keeper, Network: d.network, Follows: func() []stellar.Address { return []stellar.Address{d.contract} }, MaxFee: 1_000_000, Now: func() time.Time { return d.now }}
	text := d.keys["key"].Seed() + "\n\n  " + d.keys["buyer"].Seed() + "\n"
	all := must(signer.Several(config, func() secret.Secret { return secret.New(text) }))
	if len(all) != 2 || all[0].Account() != d.address("key") || all[1].Account() != d.address("buyer") {
		t.Fatalf("%d keys: %v", len(all), all)
	}
	extend := d.offer(escrow.CallExtend{})
	if tx, err := d.give(all[0], extend); err != nil || !tx.SignedBy(d.network, d.address("key"), verify) {
		t.Errorf("the first: %v", err)
	}
	extend.source = d.address("buyer")
	if tx, err := d.give(all[1], extend); err != nil || !tx.SignedBy(d.network, d.address("buyer"), verify) {
		t.Errorf("the second: %v", err)
	}
	text = d.keys["buyer"].Seed() + "\n" + d.keys["key"].Seed()
	if _, err := d.give(all[1], extend); err != nil {
		t.Errorf("the lines in another order: %v", err)
	}
	text = d.keys["key"].Seed()
	if _, err := d.give(all[1], extend); err == nil {
		t.Error("a key whose line is gone has signed")
	}
	for _, bad := range []string{"", "\n", "SABC", d.keys["key"].Address(), text + "\n" + text} {
		if _, err := signer.Several(config, func() secret.Secret { return secret.New(bad) }); err == nil || bad != "" && strings.Contains(err.Error(), d.keys["key"].Seed()) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A pool is made of two secrets. Its keys know each other: none signs what another one's account takes part in.
func TestPool(t *testing.T) {
	d := newDesk(t)
	for _, name := range []string{"channel", "other channel"} {
		d.keys[name] = must(keypair.Random())
	}
	config := signer.Config{Network: d.network, Follows: func() []stellar.Address { return []stellar.Address{d.contract} },
		Own: func() []stellar.Address { return []stellar.Address{d.address("other own")} }, MaxFee: 1_000_000, Now: func() time.Time { return d.now }}
	fee := func() secret.Secret { return secret.New(d.keys["key"].Seed()) }
	lines := d.keys["channel"].Seed() + "\n" + d.keys["other channel"].Seed()
	channels := func() secret.Secret { return secret.New(lines) }
	pool := must(signer.NewPool(config, fee, channels))
	if got := pool.Accounts(); len(got) != 3 || len(pool.Channels) != 2 || pool.Fee.Account() != d.address("key") {
		t.Fatalf("%v", got)
	}
	if _, err := d.giveBump(pool.Fee, d.bump("other channel", escrow.CallFund{Terms: d.terms()})); err != nil {
		t.Errorf("the fee key and a channel of its pool: %v", err)
	}
	for _, name := range []string{"key", "channel", "other channel", "other own"} {
		terms := d.terms()
		terms.Seller = escrow.Address(d.address(name).String())
		for _, s := range pool.Channels {
			o := d.offer(escrow.CallFund{Terms: terms})
			o.source = s.Account()
			if _, err := d.give(s, o); !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), "takes part") {
				t.Errorf("a channel key and a trade of %s: %v", name, err)
			}
		}
		if _, err := d.giveBump(pool.Fee, d.bump("buyer", escrow.CallFund{Terms: terms})); !errors.Is(err, signer.ErrNotMine) || !strings.Contains(err.Error(), "takes part") {
			t.Errorf("the fee key and a trade of %s: %v", name, err)
		}
	}
	for why, bad := range map[string][2]string{
		"the fee key": {"", lines}, "the channel keys": {d.keys["key"].Seed(), ""}, "among the channel accounts": {d.keys["channel"].Seed(), lines},
	} {
		_, err := signer.NewPool(config, func() secret.Secret { return secret.New(bad[0]) }, func() secret.Secret { return secret.New(bad[1]) })
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
