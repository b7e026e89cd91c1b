package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// follow does what can be read of next actions: none may lead to where nothing is.
func (c *client) follow(out TransactionOut) {
	c.t.Helper()
	for _, next := range out.NextActions {
		if strings.HasPrefix(next.Path, "/v1/trades/") && next.Action == "read_trade" {
			want[TradeOut](c, http.StatusOK, http.MethodGet, next.Path, nil)
		}
	}
}

// TestAnOpenThatNeverHappened: a trade that was never opened cannot be read or acted on; what works is to prepare it again.
func TestAnOpenThatNeverHappened(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	again := func(out TransactionOut) bool {
		return slices.ContainsFunc(out.NextActions, func(a NextAction) bool { return a.Action == "prepare" && a.Path == "/v1/trades" })
	}
	read := func(hash string) TransactionOut {
		t.Helper()
		out := want[TransactionOut](c, http.StatusOK, http.MethodGet, "/v1/transactions/"+hash, nil)
		c.follow(out)
		return out
	}

	o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", OpenIn{Terms: goodTerms(), By: "buyer"})
	n.advance(700)
	if out := read(o.Prepared.Hash); out.State != stateExpired || !again(out) || len(out.NextActions) != 1 {
		t.Errorf("expired: %+v", out)
	}

	// What restores entries for it does not open it either.
	n.restore = true
	o = want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", OpenIn{Terms: goodTerms(), By: "buyer"})
	c.finish(o.Prepared, everybody())
	if out := read(o.Prepared.Hash); out.State != stateProjected || out.Action != "restore" || !again(out) || len(out.NextActions) != 1 {
		t.Errorf("restored: %+v", out)
	}

	// Prepared twice with one salt and opened by the second: the first has failed, and the trade is there.
	in := OpenIn{Terms: goodTerms(), By: "buyer"}
	in.Terms.Salt = strings.Repeat("5a", 32)
	first := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in)
	in.Source = address("stranger")
	second := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in)
	c.finish(second.Prepared, everybody())
	out := c.finish(first.Prepared, everybody())
	if c.follow(out); out.State != stateFailed || again(out) || out.NextActions[0].Action != "read_trade" {
		t.Errorf("opened by another: %+v", out)
	}

	// Of a trade that is there, an action that expired is prepared again where it was.
	id := c.funded()
	p := c.prepared(id)
	n.advance(700)
	if out := read(p.Hash); out.State != stateExpired || out.NextActions[len(out.NextActions)-1].Path != "/v1/trades/"+id+"/actions/"+p.Action {
		t.Errorf("an action: %+v", out)
	}
}
