package indexer

import (
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// What is worked out ahead of the id of an event's terms, and of what the feed says of it, is what would be worked out without that.
func TestWhatIsWorkedOutAhead(t *testing.T) {
	c := newChain(5, 2).play(200)
	var events []rpc.Event
	for _, l := range c.ledgers {
		events = append(events, l.events...)
	}
	all, err := facts(c.network, events)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, f := range all {
		if f.unread != nil {
			continue
		}
		note, err := f.note(nil)
		if err != nil || note.Kind != f.said.Kind || string(note.Data) != string(f.said.Data) || note.Trade != f.said.Trade || note.Tx != f.said.Tx {
			t.Errorf("event %s: %+v, ahead %+v, %v", f.raw.ID, note, f.said, err)
		}
		e, ok := f.event.Event.(escrow.Opened)
		if !ok {
			continue
		}
		opened++
		if want, err := stellar.TermsID(c.network, f.contract, e.Terms); err != nil || f.terms == nil || *f.terms != want {
			t.Errorf("event %s: its terms are those of %s, ahead of %v, %v", f.raw.ID, want, f.terms, err)
		}
	}
	if opened < 20 {
		t.Errorf("only %d trades were opened", opened)
	}
}
