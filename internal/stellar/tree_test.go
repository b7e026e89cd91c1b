package stellar_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// fundTree is what the buyer of goodTerms signs to fund it.
func fundTree(t testing.TB) stellar.Tree {
	t.Helper()
	tree, err := stellar.ExpectedTree(contract, escrow.CallFund{Terms: goodTerms()}, stellar.State{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func entryOf(tree stellar.Tree) xdr.SorobanAuthorizationEntry {
	return xdr.SorobanAuthorizationEntry{
		Credentials: xdr.SorobanCredentials{
			Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress,
			Address: &xdr.SorobanAddressCredentials{
				Address: tree.Signer.ScAddress(), Nonce: 42, Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid},
			},
		},
		RootInvocation: tree.Invocation(),
	}
}

func party(t testing.TB, a escrow.Address) stellar.Address {
	t.Helper()
	out, err := stellar.ParseAddress(string(a))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheExpectedTreeIsAccepted(t *testing.T) {
	tree := fundTree(t)
	buyer, stranger := party(t, goodTerms().Buyer), stellar.Address{Key: [32]byte{99}}
	byAddress, bySource := entryOf(tree), entryOf(tree)
	bySource.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}
	v2 := entryOf(tree)
	v2.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddressV2, AddressV2: v2.Credentials.Address}
	for _, c := range []struct {
		name   string
		source stellar.Address
		entry  xdr.SorobanAuthorizationEntry
	}{
		{"by the source's signature", buyer, bySource},
		{"by a signature of its own, sent by the signer", buyer, byAddress},
		{"by a signature of its own, sent by a stranger", stranger, byAddress},
		{"in the newer form", stranger, v2},
	} {
		if err := stellar.CheckTree(tree, c.source, []xdr.SorobanAuthorizationEntry{c.entry}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	nobody, err := stellar.ExpectedTree(contract, escrow.CallSettle{Terms: goodTerms()}, stellar.State{})
	if err != nil {
		t.Fatal(err)
	}
	if err := stellar.CheckTree(nobody, stranger, nil); err != nil {
		t.Errorf("a call that nobody signs: %v", err)
	}
}

// Each way in which a simulation can ask for another signature than the agreed one is refused, and named (docs/contract-attacks.md E2).
func TestOtherTreesAreRefused(t *testing.T) {
	buyer, seller, asset := party(t, goodTerms().Buyer), party(t, goodTerms().Seller), party(t, goodTerms().Asset)
	thief := stellar.Address{Key: [32]byte{66}}
	otherAsset := stellar.Address{Contract: true, Key: [32]byte{67}}
	theft := func(from stellar.Address) stellar.Transfer {
		return stellar.Transfer{Asset: otherAsset, From: from, To: thief, Amount: amount.Int(1_000_000)}
	}
	call := func(x xdr.InvokeContractArgs) xdr.SorobanAuthorizedInvocation {
		return stellar.Tree{Call: x}.Invocation()
	}
	one := func(spoil func(e *xdr.SorobanAuthorizationEntry)) func(stellar.Tree) []xdr.SorobanAuthorizationEntry {
		return func(tree stellar.Tree) []xdr.SorobanAuthorizationEntry {
			e := entryOf(tree)
			spoil(&e)
			return []xdr.SorobanAuthorizationEntry{e}
		}
	}
	for _, c := range []struct {
		name string
		got  func(stellar.Tree) []xdr.SorobanAuthorizationEntry
		says string
	}{
		{"nothing is asked for", func(stellar.Tree) []xdr.SorobanAuthorizationEntry { return nil }, "no authorisation of " + buyer.String()},
		{"a second entry", func(tree stellar.Tree) []xdr.SorobanAuthorizationEntry {
			second := entryOf(tree)
			second.RootInvocation = call(theft(buyer).Args())
			return []xdr.SorobanAuthorizationEntry{entryOf(tree), second}
		}, "2 authorisations are asked for, not one; beside the first, transfer of " + otherAsset.String()},
		{"the same entry twice", func(tree stellar.Tree) []xdr.SorobanAuthorizationEntry {
			return []xdr.SorobanAuthorizationEntry{entryOf(tree), entryOf(tree)}
		}, "2 authorisations"},
		{"another signer", one(func(e *xdr.SorobanAuthorizationEntry) { e.Credentials.Address.Address = seller.ScAddress() }),
			"would be authorised by " + seller.String() + ", not by " + buyer.String()},
		{"the source instead of the signer", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}
		}), "would be authorised by " + thief.String()},
		{"delegated signatures", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.Credentials = xdr.SorobanCredentials{
				Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddressWithDelegates,
				AddressWithDelegates: &xdr.SorobanAddressCredentialsWithDelegates{
					AddressCredentials: xdr.SorobanAddressCredentials{Address: buyer.ScAddress()},
				},
			}
		}), "credentials of kind 3"},
		{"another function", one(func(e *xdr.SorobanAuthorizationEntry) { e.RootInvocation.Function.ContractFn.FunctionName = "open" }),
			"is for open of " + contract.String() + ", not for fund of " + contract.String()},
		{"another contract", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.Function.ContractFn.ContractAddress = otherAsset.ScAddress()
		}), "is for fund of " + otherAsset.String()},
		{"the theft alone", one(func(e *xdr.SorobanAuthorizationEntry) { e.RootInvocation = call(theft(buyer).Args()) }), "is for transfer of"},
		{"the creation of a contract", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.Function = xdr.SorobanAuthorizedFunction{
				Type:                 xdr.SorobanAuthorizedFunctionTypeSorobanAuthorizedFunctionTypeCreateContractHostFn,
				CreateContractHostFn: &xdr.CreateContractArgs{},
			}
		}), "would create a contract"},
		{"other terms", one(func(e *xdr.SorobanAuthorizationEntry) {
			terms := goodTerms()
			terms.Bond = amount.Int(1001)
			args, err := stellar.EncodeCall(contract, escrow.CallFund{Terms: terms})
			if err != nil {
				t.Fatal(err)
			}
			e.RootInvocation.Function.ContractFn.Args = args.Args
		}), "argument 1 is a value of"},
		{"an argument more", one(func(e *xdr.SorobanAuthorizationEntry) {
			fn := e.RootInvocation.Function.ContractFn
			fn.Args = append(fn.Args, xdr.ScVal{Type: xdr.ScValTypeScvVoid})
		}), "has 2 arguments, not 1"},
		{"no transfer", one(func(e *xdr.SorobanAuthorizationEntry) { e.RootInvocation.SubInvocations = nil }),
			"no authorisation for transfer of " + asset.String()},
		{"a larger transfer", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.SubInvocations[0].Function.ContractFn.Args[2].I128.Lo++
		}), "argument 3 is 31001, not 31000"},
		{"a transfer to somebody else", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.SubInvocations[0].Function.ContractFn.Args[1] = thief.ScVal()
		}), "argument 2 is " + thief.String()},
		{"a transfer of another asset", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.SubInvocations[0].Function.ContractFn.ContractAddress = otherAsset.ScAddress()
		}), "is for transfer of " + otherAsset.String()},
		{"an approval instead of the transfer", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.SubInvocations[0].Function.ContractFn.FunctionName = "approve"
		}), "is for approve of"},
		{"a theft beside the transfer", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.SubInvocations = append(e.RootInvocation.SubInvocations, call(theft(buyer).Args()))
		}), "an authorisation for transfer of " + otherAsset.String() + " (from " + buyer.String() + " to " + thief.String() + ": 1000000)"},
		{"a theft before the transfer", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.SubInvocations = append([]xdr.SorobanAuthorizedInvocation{call(theft(buyer).Args())}, e.RootInvocation.SubInvocations...)
		}), "is for transfer of " + otherAsset.String()},
		{"a theft below the transfer", one(func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.SubInvocations[0].SubInvocations = []xdr.SorobanAuthorizedInvocation{call(theft(buyer).Args())}
		}), "below transfer of " + asset.String() + ", an authorisation for transfer of " + otherAsset.String()},
	} {
		err := stellar.CheckTree(fundTree(t), thief, c.got(fundTree(t)))
		if !errors.Is(err, stellar.ErrTree) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v\nwant an ErrTree with %q", c.name, err, c.says)
		}
	}
	nobody, err := stellar.ExpectedTree(contract, escrow.CallSettle{Terms: goodTerms()}, stellar.State{})
	if err != nil {
		t.Fatal(err)
	}
	greedy := entryOf(fundTree(t))
	greedy.RootInvocation = call(theft(buyer).Args())
	if err := stellar.CheckTree(nobody, buyer, []xdr.SorobanAuthorizationEntry{greedy}); !errors.Is(err, stellar.ErrTree) {
		t.Errorf("a signature below settle: %v", err)
	}
}

// A tree passes only if its bytes are those of the expected one, whatever was changed in it.
func TestTreesPassByTheirBytes(t *testing.T) {
	want := fundTree(t)
	wantRaw, err := want.Invocation().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	rapid.Check(t, func(rt *rapid.T) {
		raw := append([]byte(nil), wantRaw...)
		for range rapid.IntRange(0, 2).Draw(rt, "changes") {
			raw[rapid.IntRange(0, len(raw)-1).Draw(rt, "place")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		}
		var got xdr.SorobanAuthorizedInvocation
		if xdr.SafeUnmarshal(raw, &got) != nil {
			return
		}
		entry := entryOf(want)
		entry.RootInvocation = got
		err := stellar.CheckTree(want, *want.Signer, []xdr.SorobanAuthorizationEntry{entry})
		if same := string(raw) == string(wantRaw); same != (err == nil) {
			rt.Fatalf("same bytes: %v, but %v", same, err)
		}
		if err != nil {
			refused++
		}
	})
	if refused == 0 {
		t.Error("no changed tree could be read, so nothing was tried")
	}
}

// bank is a token that always pays.
type bank struct{ held amount.Int128 }

func (b *bank) Balance(escrow.Address) (amount.Int128, error) { return b.held, nil }

func (b *bank) Deposit(_, _ escrow.Address, x amount.Int128) (amount.Int128, error) {
	b.held = b.held.Plus(x)
	return x, nil
}

func (b *bank) Pay(_, _ escrow.Address, x amount.Int128) bool {
	b.held = b.held.Minus(x)
	return true
}

// The rules demand a signature and a deposit by carrying a call out; the expected tree says the same beforehand, in every state that
// random trades get into.
func TestExpectedTreeIsWhatTheRulesDemand(t *testing.T) {
	const walks, steps = 1500, 40
	tried := map[string]int{}
	for seed := range uint64(walks) {
		w := newWalk(t, seed, tried)
		w.apply(escrow.CallOpen{Terms: w.terms, By: escrow.Role(w.rand.IntN(2))})
		for range steps {
			w.step()
		}
	}
	for _, call := range everyCall {
		if tried[call.Function()] == 0 && call.Function() != "claim" { // nothing is parked while the token pays
			t.Errorf("%s was never carried out, so nothing is known of its tree", call.Function())
		}
	}
}

// walk is a trade that people with all keys do random things to.
type walk struct {
	t     *testing.T
	seed  uint64
	rand  *rand.Rand
	terms escrow.Terms
	world *escrow.Contract
	env   escrow.Env
	id    escrow.ID
	tried map[string]int
}

func newWalk(t *testing.T, seed uint64, tried map[string]int) *walk {
	t.Helper()
	w := &walk{t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 1)), terms: goodTerms(), tried: tried}
	w.terms.Bond = amount.Int([]int64{0, 300, 1000}[w.rand.IntN(3)])
	w.terms.ArbitrationFee = amount.Int([]int64{0, 300}[w.rand.IntN(2)]).Min(w.terms.Bond)
	admin := escrow.Address(stellar.Address{Key: [32]byte{77}}.String())
	world, err := escrow.New(escrow.Address(contract.String()), admin, w.terms.FeeBps, admin, escrow.Limits{
		AppealMax: 1 << 30, AppealMin: 1, FeeDelay: 86_400, InspectionMax: 1 << 30, InspectionMin: 1, LongestLife: 1 << 40, MinDelivery: 1,
		OffersMax: 1 << 30, OffersMin: 1, RulingMax: 1 << 30, RulingMin: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.world = world
	if w.id, err = stellar.TermsID(network, contract, w.terms); err != nil {
		t.Fatal(err)
	}
	w.env = escrow.Env{
		Now: w.terms.FundBy - 5000, Signed: func(escrow.Address) bool { return true }, Token: &bank{},
		ID: func(escrow.Terms) escrow.ID { return w.id },
	}
	return w
}

func (w *walk) step() {
	if w.rand.IntN(4) == 0 {
		w.env.Now += []uint64{1, 100, 600, 4000}[w.rand.IntN(4)]
	}
	if w.rand.IntN(4) == 0 {
		somebody := w.terms.Buyer
		platform := []escrow.Call{
			escrow.CallProposeFee{Bps: 10, Receiver: somebody}, escrow.CallCancelFee{}, escrow.CallProposeAdmin{To: somebody},
			escrow.CallAcceptAdmin{}, escrow.CallSetAnchor{Key: somebody}, escrow.CallAnchor{Seq: w.env.Now}, escrow.CallPause{},
			escrow.CallUnpause{}, escrow.CallCollect{Asset: w.terms.Asset}, escrow.CallExtend{ID: w.id},
		}
		w.apply(platform[w.rand.IntN(len(platform))])
		return
	}
	trade := w.world.Trades[w.id]
	options := escrow.Next(&w.terms, &trade, w.world.Config.Paused, w.env.Now, escrow.Role(w.rand.IntN(int(w.terms.Roles()))))
	if len(options) == 0 {
		return
	}
	call := options[w.rand.IntN(len(options))].Call
	if _, isCancel := call.(escrow.CallCancel); isCancel && w.rand.IntN(5) > 0 {
		return // most trades shall get further
	}
	w.apply(call)
}

func (w *walk) apply(call escrow.Call) {
	t := w.t
	t.Helper()
	config := w.world.Config
	state := stellar.State{Config: &config}
	if trade, ok := w.world.Trades[w.id]; ok {
		trade = trade.Clone()
		state.Trade = &trade
	}
	tree, treeErr := stellar.ExpectedTree(contract, call, state)
	result, err := w.world.Apply(w.env, call)
	if err != nil {
		return
	}
	w.tried[call.Function()]++
	if treeErr != nil {
		t.Fatalf("seed %d: %s was carried out, but has no tree: %v", w.seed, call.Function(), treeErr)
	}
	var signer escrow.Address
	if tree.Signer != nil {
		signer = escrow.Address(tree.Signer.String())
	}
	if signer != result.Signer {
		t.Fatalf("seed %d: %s is signed by %q in the tree, by %q in the rules", w.seed, call.Function(), signer, result.Signer)
	}
	var got, want stellar.Transfer
	if tree.Transfer != nil {
		got = *tree.Transfer
	}
	if d := result.Deposit; d != nil {
		want = stellar.Transfer{Asset: party(t, w.terms.Asset), From: party(t, d.Who), To: contract, Amount: d.Amount}
	}
	if got != want {
		t.Fatalf("seed %d: %s: transfer %+v in the tree, %+v in the rules", w.seed, call.Function(), got, want)
	}
}

func TestClaimIsSignedOnlyIfSentElsewhere(t *testing.T) {
	elsewhere := escrow.Address(stellar.Address{Key: [32]byte{50}}.String())
	for _, c := range []struct {
		to   escrow.Address
		want escrow.Address
	}{{goodTerms().Seller, ""}, {elsewhere, goodTerms().Seller}} {
		tree, err := stellar.ExpectedTree(contract, escrow.CallClaim{Terms: goodTerms(), Role: escrow.Seller, To: c.to, Amount: amount.Int(1)}, stellar.State{})
		if err != nil {
			t.Fatal(err)
		}
		var got escrow.Address
		if tree.Signer != nil {
			got = escrow.Address(tree.Signer.String())
		}
		if got != c.want || tree.Transfer != nil {
			t.Errorf("claim to %s: signed by %q, want %q", c.to, got, c.want)
		}
	}
}

func TestTreesThatNobodyCanSign(t *testing.T) {
	for _, c := range []struct {
		name string
		call escrow.Call
	}{
		{"open by an arbitrator", escrow.CallOpen{Terms: goodTerms(), By: 77}},
		{"accept of an unknown trade", escrow.CallAccept{Terms: goodTerms()}},
		{"dispute of an unknown trade", escrow.CallDispute{Terms: goodTerms()}},
		{"dispute by an arbitrator", escrow.CallDispute{Terms: goodTerms(), By: 2}},
		{"a seat that is not there", escrow.CallRule{Terms: goodTerms(), By: 6}},
		{"an admin's call without the configuration", escrow.CallPause{}},
	} {
		if tree, err := stellar.ExpectedTree(contract, c.call, stellar.State{}); !errors.Is(err, stellar.ErrState) {
			t.Errorf("%s: %+v, %v; want ErrState", c.name, tree, err)
		}
	}
	config := escrow.Config{Admin: goodTerms().Buyer}
	for _, call := range []escrow.Call{escrow.CallAcceptAdmin{}, escrow.CallAnchor{}} {
		if _, err := stellar.ExpectedTree(contract, call, stellar.State{Config: &config}); !errors.Is(err, stellar.ErrState) {
			t.Errorf("%s that nobody may make: %v", call.Function(), err)
		}
	}
}
