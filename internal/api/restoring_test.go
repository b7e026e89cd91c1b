package api

import (
	"net/http"
	"strings"
	"testing"
)

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
	// What is signed is the summary: where the rent is more than small change, it says so.
	spoken := func(p PreparedOut) bool {
		last := p.Summary.Lines[len(p.Summary.Lines)-1]
		return strings.Contains(last, p.Fee.MaxXLM+" XLM") && strings.HasSuffix(p.Summary.Text, last)
	}
	if spoken(c.prepared(id)) {
		t.Error("the fee is small change, and a line of the summary")
	}
	n.rent = 1_0000000
	p := c.prepared(id)
	if !spoken(p) || !strings.Contains(p.Summary.Text, "6 archived entries") {
		t.Errorf("%q with a fee of up to %s XLM", p.Summary.Lines, p.Fee.MaxXLM)
	}
	if n.restore = true; !spoken(c.prepared(id)) {
		t.Errorf("a transaction that only restores: %q", c.prepared(id).Summary.Lines)
	}
	if n.restore, n.restores = false, 0; spoken(c.prepared(id)) {
		t.Error("nothing is archived, and the summary speaks of it")
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
