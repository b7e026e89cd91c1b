package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

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
