package api

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

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
