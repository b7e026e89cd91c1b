package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// FuzzOpenBody sends anything as the body of a new trade. Whatever it is, the answer is a problem that names something or a transaction that opens exactly the
// terms answered, never a fault of ours; and nothing changes.
func FuzzOpenBody(f *testing.F) {
	good := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	f.Add(good)
	for _, test := range badTerms {
		in := OpenIn{Terms: goodTerms(), By: "seller"}
		test.spoil(&in)
		f.Add(string(must(json.Marshal(in))))
	}
	f.Add(good[:len(good)-1])
	f.Add(strings.Replace(good, `"12.5"`, `"922337203685.4775807"`, 1))
	f.Add(strings.ReplaceAll(good, "2026", "9999"))
	f.Add(`{"terms":null,"by":null}`)
	f.Add(strings.Repeat("[", 20))
	n := newModelNet()
	shared := newClient(f, n)
	f.Fuzz(func(t *testing.T, body string) {
		c := &client{t: t, h: shared.h, log: shared.log}
		w := c.call(http.MethodPost, "/v1/trades", body)
		switch w.Code {
		case http.StatusOK:
			var o OpenOut
			if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
				t.Fatal(err)
			}
			args, _ := must(stellar.ParseTransaction(o.Prepared.Transaction)).Call()
			call, isOpen := must(stellar.DecodeCall(n.self, args)).(escrow.CallOpen)
			if !isOpen || n.id(call.Terms).String() != o.ID {
				t.Fatalf("the transaction opens another trade than %s: %+v", o.ID, call)
			}
			if told := (unit{n.assets[string(call.Terms.Asset)]}).terms(&call.Terms); !reflect.DeepEqual(told, o.Terms) {
				t.Errorf("the transaction has the terms %+v, told are %+v", told, o.Terms)
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code == "" || p.Detail == "" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		case http.StatusUnprocessableEntity, http.StatusConflict:
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.NextStep == "" || p.Code == "invalid-fields" && len(p.Errors) == 0 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		default:
			t.Errorf("%d %s\n%s", w.Code, w.Body, c.log)
		}
		if w.Body.Len() > 64<<10 {
			t.Errorf("an answer of %d bytes", w.Body.Len())
		}
		if n.changes != 0 {
			t.Error("something changed")
		}
	})
}

// FuzzSubmitBody sends anything as a transaction.
func FuzzSubmitBody(f *testing.F) {
	n := newModelNet()
	c := newClient(f, n)
	o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", OpenIn{Terms: goodTerms(), By: "seller"})
	f.Add(o.Prepared.Transaction)
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, transaction string) {
		c := &client{t: t, h: c.h, log: c.log}
		w := c.call(http.MethodPost, "/v1/transactions", SubmitIn{Transaction: transaction})
		if w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%d %s\n%s", w.Code, w.Body, c.log)
		}
		if n.changes != 0 {
			t.Error("something changed")
		}
	})
}
