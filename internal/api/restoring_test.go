package api

import (
	"net/http"
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
