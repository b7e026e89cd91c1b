package sim

import (
	"testing"
)

// The chains have all that can happen to trades in them: what no chain says, no world can lose.
func TestChainsSayEverything(t *testing.T) {
	kinds := map[string]int{}
	for i, make := range chains {
		c, err := make()
		if err != nil {
			t.Fatal(err)
		}
		of := map[string]int{}
		for _, e := range c.want.events {
			of[e.Kind]++
			kinds[e.Kind]++
			if e.Unread != "" {
				t.Errorf("chain %d: event %s, %s, had no effect: %s", i, e.ID, e.Kind, e.Unread)
			}
		}
		t.Logf("chain %d: %d ledgers, %d trades, %d events: %v", i, len(c.ledgers), c.want.state.Trades, len(c.want.events), of)
	}
	for _, kind := range []string{
		"opened", "accepted", "funded", "cancelled", "delivered", "released", "refunded", "disputed", "offered", "split", "evidence", "voted", "ruled", "appealed", "settled", "silent", "costs",
		"ended", "parked", "claimed", "collected", "anchor_set",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no chain has an event %s", kind)
		}
	}
}
