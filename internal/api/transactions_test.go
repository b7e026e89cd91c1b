package api

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// prepared is a release of the buyer's, ready to be signed.
func (c *client) prepared(id string) PreparedOut {
	c.t.Helper()
	return want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Milestone: index(0), Amount: "1"})
}

func signedBy(p PreparedOut, k *keypair.Full) SubmitIn {
	return SubmitIn{Transaction: p.Transaction, Signatures: []SignatureIn{{k.Address(), sign(k, p.Hash)}}}
}

func TestStatesOfATransaction(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	state := func(hash string) TransactionOut {
		t.Helper()
		return want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+hash, nil)
	}
	p := c.prepared(id)
	if got := state(p.Hash); got.State != statePrepared || !got.RetrySafe || got.Action != "release" || got.Trade != id || got.NextActions[0].Action != "sign" {
		t.Errorf("prepared: %+v", got)
	}
	n.lag = 1 // the projection is a ledger behind
	got := want[TransactionOut](c, http.StatusAccepted, http.MethodPost, "/v1/transactions", signedBy(p, key("buyer")))
	if got.State != stateIncluded || got.RetrySafe || got.Ledger == nil || got.FeeCharged != "43210" || got.FeeXLM != "0.0043210" || got.NextActions[0].Action != "wait" {
		t.Errorf("included: %+v", got)
	}
	n.lag = 0
	got = state(p.Hash)
	if got.State != stateProjected || got.RetrySafe || !strings.HasPrefix(got.NextActions[0].Path, "/v1/trades/"+id+"?min_ledger=") {
		t.Errorf("projected: %+v", got)
	}
	// The very same transaction again: nothing is done twice.
	changes := n.changes
	if again := want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions", signedBy(p, key("buyer"))); again.State != stateProjected || n.changes != changes {
		t.Errorf("submitted again: %+v", again)
	}

	failing := c.prepared(id)
	n.mu.Lock()
	tr := n.c.Trades[mustID(id)]
	tr.Stage = escrow.StageEnded // the trade ends in between, by a ghost
	n.c.Trades[mustID(id)] = tr
	n.mu.Unlock()
	got = want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions", signedBy(failing, key("buyer")))
	if got.State != stateFailed || !got.RetrySafe || got.Error == nil || got.Error.Contract == nil || got.Error.Contract.Name != "WrongStage" || got.Error.NextStep == "" {
		t.Errorf("failed: %+v", got)
	}
	n.mu.Lock()
	tr.Stage = escrow.StageFunded
	n.c.Trades[mustID(id)] = tr
	n.mu.Unlock()

	late := c.prepared(id)
	n.advance(601)
	if got := state(late.Hash); got.State != stateExpired || !got.RetrySafe || got.NextActions[1].Path != "/v1/trades/"+id+"/actions/release" {
		t.Errorf("expired: %+v", got)
	}
	if p := c.problem(http.StatusConflict, http.MethodPost, "/v1/transactions", signedBy(late, key("buyer"))); p.Code != "not-accepted" || !strings.Contains(p.Detail, "tx_too_late") || !strings.Contains(p.NextStep, "prepare it again") {
		t.Errorf("submitted late: %+v", p)
	}

	first, second := c.prepared(id), want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Milestone: index(0), Amount: "2"})
	c.finish(first, everybody())
	if p := c.problem(http.StatusConflict, http.MethodPost, "/v1/transactions", signedBy(second, key("buyer"))); !strings.Contains(p.Detail, "tx_bad_seq") || !strings.Contains(p.NextStep, "prepare it again") {
		t.Errorf("with a used sequence number: %+v", p)
	}
}

func mustID(text string) (id escrow.ID) {
	if err := id.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return id
}

func TestSubmittingWithoutAnAnswer(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	p := c.prepared(c.funded())
	n.down = relay.ErrUnavailable
	got := c.problem(http.StatusServiceUnavailable, http.MethodPost, "/v1/transactions", signedBy(p, key("buyer")))
	if got.Retry == nil || !*got.Retry || !strings.Contains(got.Detail, p.Hash) || !strings.Contains(got.NextStep, "very same") {
		t.Errorf("%+v", got)
	}
}

// TestTwoTransactionsOfOneSequenceNumber: what waits behind another one that uses its number can never be included, and is not said to be on its way.
func TestTwoTransactionsOfOneSequenceNumber(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	first, second := c.prepared(id), want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Milestone: index(0), Amount: "2"})
	if first.Sequence != second.Sequence || first.Hash == second.Hash {
		t.Fatalf("sequence numbers %s and %s", first.Sequence, second.Sequence)
	}
	n.hold = relay.SubmissionLater
	w := c.call(http.MethodPost, "/v1/transactions", signedBy(second, key("buyer")))
	if p := c.problem(http.StatusConflict, http.MethodPost, "/v1/transactions", signedBy(second, key("buyer"))); p.Code != "account-busy" || p.Retry == nil || !*p.Retry ||
		!strings.Contains(p.Detail, second.Hash) || !strings.Contains(p.NextStep, "very same transaction") || w.Header().Get("Retry-After") == "" {
		t.Errorf("not taken: %v %+v", w.Header(), p)
	}
	n.hold = relay.SubmissionPending
	if out := want[TransactionOut](c, http.StatusAccepted, http.MethodPost, "/v1/transactions", signedBy(second, key("buyer"))); out.State != stateSubmitted || out.RetrySafe {
		t.Errorf("waits: %+v", out)
	}
	n.hold = ""
	c.finish(first, everybody())
	out := want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+second.Hash, nil)
	if out.State != stateExpired || !out.RetrySafe || out.Error == nil || out.Error.Code != "tx_bad_seq" || !strings.Contains(out.Error.Detail, second.Sequence) || out.NextActions[1].Action != "prepare" {
		t.Errorf("overtaken: %+v, %+v", out, out.Error)
	}
}

// changed is a transaction with something in it altered.
func changed(text string, alter func(*xdr.TransactionEnvelope)) string {
	var e xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(text, &e); err != nil {
		panic(err)
	}
	alter(&e)
	return must(xdr.MarshalBase64(e))
}

func TestTransactionsThatAreRefused(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	p := c.prepared(id)
	apart := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "1"})
	testNet := must(stellar.NewNetwork("Test SDF Network ; September 2015"))
	tx := must(stellar.ParseTransaction(p.Transaction))
	elsewhere := must(must(tx.Sign(testNet, key("buyer"))).Base64())
	privateNet := must(must(tx.Sign(must(stellar.NewNetwork("My Network")), key("buyer"))).Base64())
	call := func(alter func(*xdr.InvokeContractArgs)) string {
		return changed(p.Transaction, func(e *xdr.TransactionEnvelope) {
			alter(e.V1.Tx.Operations[0].Body.InvokeHostFunctionOp.HostFunction.InvokeContract)
		})
	}
	admin := must(stellar.EncodeCall(n.self, escrow.CallPause{}))
	signature := SignatureIn{address("buyer"), sign(key("buyer"), p.Hash)}
	before := n.changes
	for _, test := range []struct {
		name string
		in   SubmitIn
		at   string
		says string
	}{
		{"empty", SubmitIn{}, "body.transaction", ""},
		{"not base64", SubmitIn{Transaction: "%%%"}, "body.transaction", "not base64"},
		{"not XDR", SubmitIn{Transaction: base64.StdEncoding.EncodeToString([]byte("hello"))}, "body.transaction", "not the XDR"},
		{"cut off", SubmitIn{Transaction: p.Transaction[:len(p.Transaction)-8]}, "body.transaction", ""},
		{"not signed", SubmitIn{Transaction: p.Transaction}, "body.transaction", "not signed"},
		{"signed for the test network", SubmitIn{Transaction: elsewhere}, "body.transaction", "Test SDF Network"},
		{"signed for a network of one's own", SubmitIn{Transaction: privateNet}, "body.transaction", "signatures do not count"},
		{"signed by somebody else", SubmitIn{p.Transaction, []SignatureIn{{address("seller"), sign(key("seller"), p.Hash)}}}, "body.transaction", "signatures do not count"},
		{"changed after signing", SubmitIn{call(func(a *xdr.InvokeContractArgs) { *a.Args[2].I128 = xdr.Int128Parts{Lo: 2} }), []SignatureIn{signature}}, "body.transaction", "signatures do not count"},
		{"an authorisation is not signed", SubmitIn{apart.Transaction, []SignatureIn{{address("stranger"), sign(key("stranger"), apart.Hash)}}}, "body.transaction", "assemble"},
		{"another contract", SubmitIn{call(func(a *xdr.InvokeContractArgs) { a.ContractAddress = contractAddress("other").ScAddress() }), []SignatureIn{signature}}, "body.transaction", "not served here"},
		{"an unknown function", SubmitIn{call(func(a *xdr.InvokeContractArgs) { a.FunctionName = "steal" }), []SignatureIn{signature}}, "body.transaction", "steal"},
		{"a view", SubmitIn{call(func(a *xdr.InvokeContractArgs) { a.FunctionName, a.Args = "config", nil }), []SignatureIn{signature}}, "body.transaction", "config"},
		{"an operator's function", SubmitIn{call(func(a *xdr.InvokeContractArgs) { *a = admin }), []SignatureIn{signature}}, "body.transaction", "escrowctl"},
		{"an argument too few", SubmitIn{call(func(a *xdr.InvokeContractArgs) { a.Args = a.Args[:2] }), []SignatureIn{signature}}, "body.transaction", "cannot be read"},
		{"a payment", SubmitIn{changed(p.Transaction, func(e *xdr.TransactionEnvelope) {
			e.V1.Tx.Operations[0].Body = xdr.OperationBody{Type: xdr.OperationTypeInflation}
		}), []SignatureIn{signature}}, "body.transaction", "Inflation"},
		{"two operations", SubmitIn{changed(p.Transaction, func(e *xdr.TransactionEnvelope) {
			e.V1.Tx.Operations = append(e.V1.Tx.Operations, e.V1.Tx.Operations[0])
		}), []SignatureIn{signature}}, "body.transaction", "2 operations"},
		{"no end", SubmitIn{changed(p.Transaction, func(e *xdr.TransactionEnvelope) { e.V1.Tx.Cond.TimeBounds.MaxTime = 0 }), []SignatureIn{signature}}, "body.transaction", "last time"},
		{"never simulated", SubmitIn{changed(p.Transaction, func(e *xdr.TransactionEnvelope) { e.V1.Tx.Ext = xdr.TransactionExt{} }), []SignatureIn{signature}}, "body.transaction", "not prepared"},
		{"an extension of lifetimes", SubmitIn{changed(p.Transaction, func(e *xdr.TransactionEnvelope) {
			e.V1.Tx.Operations[0].Body = xdr.OperationBody{Type: xdr.OperationTypeExtendFootprintTtl, ExtendFootprintTtlOp: &xdr.ExtendFootprintTtlOp{ExtendTo: 5}}
		}), []SignatureIn{signature}}, "body.transaction", "calls no contract"},
		{"a signature of no account", SubmitIn{p.Transaction, []SignatureIn{{"me", signature.Signature}}}, "body.signatures[0].signer", ""},
		{"a signature too short", SubmitIn{p.Transaction, []SignatureIn{{address("buyer"), "abcd"}}}, "body.signatures[0].signature", "64 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &client{t: t, h: c.h}
			got := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/transactions", test.in)
			f, ok := got.field(test.at)
			if got.Code != "bad-transaction" || !ok || !strings.Contains(f.Message, test.says) {
				t.Errorf("%s %+v, want bad-transaction naming %s with %q", got.Code, got.Errors, test.at, test.says)
			}
		})
	}
	if n.changes != before {
		t.Error("something changed")
	}
}

func TestAssemblingWhatWasNotAgreed(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	body := ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "1"}
	p := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", body)
	body.Amount = "2"
	more := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", body)
	entry, payload := p.Authorisations[0].Entry, p.Authorisations[0].Payload
	good := sign(key("buyer"), payload)
	nonce := func(text string, alter func(*xdr.SorobanAddressCredentials)) string {
		var e xdr.SorobanAuthorizationEntry
		if err := xdr.SafeUnmarshalBase64(text, &e); err != nil {
			t.Fatal(err)
		}
		alter(e.Credentials.Address)
		return must(xdr.MarshalBase64(e))
	}
	ofStranger := nonce(entry, func(c *xdr.SorobanAddressCredentials) {
		c.Address = must(stellar.ParseAddress(address("stranger"))).ScAddress()
	})
	second := nonce(entry, func(c *xdr.SorobanAddressCredentials) { c.Nonce++ })
	signedWrong := must(stellar.Encode(must(stellar.AttachSignature(must(decodeAll("entry", []string{entry}, must(stellar.ParseTransaction(p.Transaction)).Auth()))[0],
		must(stellar.ParseAccount(address("buyer"))), must(key("seller").Sign([]byte("something else")))))))
	for _, test := range []struct {
		name string
		in   AssembleIn
		code string
		at   string
		says string
	}{
		{"no signature", AssembleIn{p.Transaction, []AuthorisationIn{{Entry: entry}}}, "bad-transaction", "body.authorisations[0].entry", "not signed by " + address("buyer")},
		{"a bad signature", AssembleIn{p.Transaction, []AuthorisationIn{{Entry: entry, Signature: "00"}}}, "bad-transaction", "body.authorisations[0].signature", "64 bytes"},
		{"another's signature", AssembleIn{p.Transaction, []AuthorisationIn{{Entry: entry, Signature: sign(key("seller"), payload)}}}, "bad-transaction", "body.authorisations[0].signature", "not made by " + address("buyer") + " over this entry's payload " + payload},
		{"a signature over something else", AssembleIn{p.Transaction, []AuthorisationIn{{Entry: entry, Signature: sign(key("buyer"), p.Hash)}}}, "bad-transaction", "body.authorisations[0].signature", "payload " + payload},
		{"a signed entry that the network refuses", AssembleIn{p.Transaction, []AuthorisationIn{{Entry: signedWrong}}}, "bad-transaction", "body.authorisations[0].entry", "does not accept the signature of " + address("buyer")},
		{"no entry", AssembleIn{p.Transaction, []AuthorisationIn{{Entry: "AAAA", Signature: good}}}, "bad-transaction", "body.authorisations[0].entry", "not the XDR"},
		{"the entry of another call", AssembleIn{p.Transaction, []AuthorisationIn{{Entry: more.Authorisations[0].Entry, Signature: sign(key("buyer"), more.Authorisations[0].Payload)}}}, "unexpected-authorisation", "body.authorisations[0].entry", "argument 3"},
		{"the same entry twice", AssembleIn{p.Transaction, []AuthorisationIn{{entry, good}, {entry, good}}}, "bad-transaction", "body.authorisations[1].entry", "the same authorisation as body.authorisations[0]"},
		{"a second entry for the same call", AssembleIn{p.Transaction, []AuthorisationIn{{entry, good}, {second, good}}}, "unexpected-authorisation", "body.authorisations[1].entry", "a second authorisation of " + address("buyer")},
		{"the entry of somebody who need not sign", AssembleIn{p.Transaction, []AuthorisationIn{{entry, good}, {ofStranger, good}}}, "unexpected-authorisation", "body.authorisations[1].entry", "of " + address("stranger") + ", who does not have to sign this: " + address("buyer") + " has to"},
		{"a signed transaction", AssembleIn{must(must(must(stellar.ParseTransaction(p.Transaction)).Sign(n.network, key("stranger"))).Base64()), []AuthorisationIn{{entry, good}}}, "bad-transaction", "body.transaction", "it is signed"},
		{"garbage", AssembleIn{"AAAA", []AuthorisationIn{{entry, good}}}, "bad-transaction", "body.transaction", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &client{t: t, h: c.h}
			status := http.StatusUnprocessableEntity
			if test.code == kindTree.Code {
				status = kindTree.Status
			}
			p := c.problem(status, http.MethodPost, "/v1/transactions/assemble", test.in)
			f, ok := p.field(test.at)
			if p.Code != test.code || !ok || len(p.Errors) != 1 || !strings.Contains(f.Message, test.says) {
				t.Errorf("%s %+v, want %s naming %s with %q", p.Code, p.Errors, test.code, test.at, test.says)
			}
			if strings.HasPrefix(test.at, "body.authorisations") && !strings.Contains(p.NextStep, "assemble again") {
				t.Errorf("next step %q", p.NextStep)
			}
		})
	}
	c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/transactions/assemble", AssembleIn{Transaction: p.Transaction, Authorisations: []AuthorisationIn{}})
	n.advance(700)
	if got := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/transactions/assemble", AssembleIn{p.Transaction, []AuthorisationIn{{entry, good}}}); !strings.Contains(got.Detail, "expired") {
		t.Errorf("after its end: %+v", got)
	}
}

// TestAnUnexpectedTreeIsNotPrepared is attack E2: a token that asks, inside fund, for more than the deposit.
func TestAnUnexpectedTreeIsNotPrepared(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	o := c.open(OpenIn{Terms: goodTerms(), By: "seller"})
	theft := stellar.Transfer{Asset: contractAddress("usdc"), From: must(stellar.ParseAddress(address("buyer"))), To: contractAddress("thief"), Amount: must(unit{relay.Asset{Decimals: 7}}.parse("900"))}
	sub := func() xdr.SorobanAuthorizedInvocation {
		args := theft.Args()
		return xdr.SorobanAuthorizedInvocation{Function: xdr.SorobanAuthorizedFunction{ContractFn: &args}}
	}
	for _, test := range []struct {
		name  string
		twist func([]xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry
	}{
		{"another transfer below ours", func(e []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
			e[0].RootInvocation.SubInvocations = append(e[0].RootInvocation.SubInvocations, sub())
			return e
		}},
		{"another transfer below the deposit", func(e []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
			deposit := &e[0].RootInvocation.SubInvocations[0]
			deposit.SubInvocations = append(deposit.SubInvocations, sub())
			return e
		}},
		{"an entry of its own", func(e []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
			return append(e, xdr.SorobanAuthorizationEntry{Credentials: e[0].Credentials, RootInvocation: sub()})
		}},
		{"a larger deposit", func(e []xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
			transfer := e[0].RootInvocation.SubInvocations[0].Function.ContractFn
			args := slices.Clone(transfer.Args)
			args[2] = xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Lo: 900_0000000}}
			transfer.Args = args
			return e
		}},
		{"nothing at all", func([]xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry { return nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &client{t: t, h: c.h}
			n.twist = test.twist
			defer func() { n.twist = nil }()
			p := c.problem(http.StatusConflict, http.MethodPost, "/v1/trades/"+o.ID+"/actions/fund", ActionIn{})
			if p.Code != "unexpected-authorisation" || len(p.Possible) > 0 {
				t.Errorf("%+v", p)
			}
		})
	}
	// A stranger who settles must not be made to sign anything either.
	n.advance(20_000)
	n.twist = func([]xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry {
		return []xdr.SorobanAuthorizationEntry{{Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}, RootInvocation: sub()}}
	}
	if p := c.problem(http.StatusConflict, http.MethodPost, "/v1/trades/"+o.ID+"/actions/cancel", ActionIn{Source: address("stranger")}); p.Code != "unexpected-authorisation" {
		t.Errorf("%+v", p)
	}
}

// TestRefusalsNameTheirField: what the rules refuse because of a field of the body names it, as every other refusal of a field does.
func TestRefusalsNameTheirField(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	for name, test := range map[string]struct {
		action, field string
		in            ActionIn
	}{
		"release of nothing":      {"release", "body.amount", ActionIn{Milestone: index(0), Amount: "0"}},
		"release of too much":     {"release", "body.amount", ActionIn{Milestone: index(0), Amount: "1000000"}},
		"offer of too much":       {"offer", "body.seller_amount", ActionIn{By: "buyer", Milestone: index(0), SellerAmount: "1000000"}},
		"offer of something else": {"offer", "body.of", ActionIn{By: "buyer", Milestone: index(0), Of: "0.5", SellerAmount: "0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.problem(http.StatusConflict, http.MethodPost, "/v1/trades/"+id+"/actions/"+test.action, test.in)
			if len(p.Errors) != 1 || p.Errors[0].Location != test.field {
				t.Errorf("%s names %+v, want %s", p.Code, p.Errors, test.field)
			}
		})
	}
}

// TestWhatArchivedEntriesCostIsSaid: a call that restores on its way works at once, and costs what nobody expects.
func TestWhatArchivedEntriesCostIsSaid(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	said := func() (found bool) {
		for _, w := range c.prepared(id).Warnings {
			found = found || w.Code == "restores-archived"
		}
		return found
	}
	if said() {
		t.Error("nothing is archived, and it is warned of")
	}
	if n.restores = 6; !said() {
		t.Error("six entries are restored, and nothing is said")
	}
}

func TestArchivedEntriesAreRestoredFirst(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	n.restore = true
	p := c.prepared(id)
	if !p.Restore || len(p.Authorisations) != 0 || p.NextActions[len(p.NextActions)-1].Action != "prepare" {
		t.Fatalf("%+v", p)
	}
	if out := want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+p.Hash, nil); out.State != statePrepared || out.Trade != id || out.Action != "restore" {
		t.Errorf("before it is submitted: %+v", out)
	}
	if out := want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions", signedBy(p, key("buyer"))); out.State != stateProjected || out.Action != "restore" || out.NextActions[1].Action != "prepare" {
		t.Errorf("%+v", out)
	}
	if p := c.prepared(id); p.Restore {
		t.Error("prepared again, it should be the action")
	}

	// Archived between preparing and assembling: the signed authorisations wait until it is restored.
	apart := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "1"})
	n.restore = true
	first := c.authorise(apart, everybody())
	if !first.Restore || first.Source != apart.Source || first.Sequence != apart.Sequence || first.ValidUntil != apart.ValidUntil || len(first.Authorisations) != 0 {
		t.Fatalf("assembled: %+v", first)
	}
	if out := want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions", signedBy(first, key("stranger"))); out.State != stateProjected {
		t.Errorf("%+v", out)
	}
	if _, out := c.act(id, "release", ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "1"}); out.State != stateProjected {
		t.Errorf("%+v", out)
	}
}

func TestWaitingForALedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newModelNet()
		c := newClient(t, n)
		start := time.Now()
		took := func() time.Duration { return time.Since(start).Round(100 * time.Millisecond) }

		w := c.call(http.MethodGet, "/v1/trades?min_ledger=105", nil)
		if w.Code != http.StatusGatewayTimeout || took() != defaultWait || !strings.Contains(w.Body.String(), "everything up to 100 has been read") || !strings.Contains(w.Body.String(), `"sequence":100`) {
			t.Errorf("after %s: %d %s", took(), w.Code, w.Body)
		}
		start = time.Now()
		c.problem(http.StatusGatewayTimeout, http.MethodGet, "/v1/trades?min_ledger=105", nil, "Prefer", "wait=0")
		if took() != 0 {
			t.Errorf("wait=0 took %s", took())
		}
		start = time.Now()
		go func() {
			time.Sleep(9 * time.Second)
			n.advance(30)
		}()
		if got := want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades?min_ledger=105", nil, "Prefer", "wait=20"); took().Round(time.Second) != 9*time.Second || got.Ledger.Sequence < 105 {
			t.Errorf("after %s: %+v", took(), got.Ledger)
		}
		start = time.Now()
		c.problem(http.StatusGatewayTimeout, http.MethodGet, "/v1/platform?min_ledger=4000000000", nil, "Prefer", "wait=86400")
		if took() != maxWait {
			t.Errorf("a day's wait took %s", took())
		}
	})
}

func TestWaitingForATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newModelNet()
		c := newClient(t, n)
		p := c.prepared(c.funded())
		n.lag = 1
		go func() {
			time.Sleep(4 * time.Second)
			n.mu.Lock()
			n.lag = 0
			n.mu.Unlock()
		}()
		start := time.Now()
		if out := want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions?wait=10", signedBy(p, key("buyer"))); out.State != stateProjected || time.Since(start).Round(time.Second) != 4*time.Second {
			t.Errorf("after %s: %+v", time.Since(start), out)
		}
		// Nothing will happen to it: the state at the end is told.
		q := c.prepared(newest(c))
		start = time.Now()
		if out := want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+q.Hash+"?wait=3", nil); out.State != statePrepared || time.Since(start).Round(time.Second) != 3*time.Second {
			t.Errorf("after %s: %+v", time.Since(start), out)
		}
	})
}

// newest is the id of the newest trade.
func newest(c *client) string {
	return want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades", nil).Trades[0].ID
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := NewMemory(2)
	for _, hash := range []string{"a", "b", "a", "c"} {
		if err := m.Put(t.Context(), Transaction{Hash: hash}); err != nil {
			t.Fatal(err)
		}
	}
	for hash, want := range map[string]bool{"a": false, "b": true, "c": true} {
		if _, ok, err := m.Get(t.Context(), hash); ok != want || err != nil {
			t.Errorf("%s is known: %v, %v", hash, ok, err)
		}
	}
}
