package rpc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// A ledger that closes between the question and the next, what the node keeps, is given; none is only ever said of one that is not there.
func TestLedgersAtTheTip(t *testing.T) {
	const asked = 10
	for _, c := range []struct {
		name     string
		latest   int  // what the node keeps by the time it is asked
		after    bool // it gives the ledger when it is asked again
		want     int
		refused  bool
		question int
	}{
		{"it is not there yet", asked - 1, false, 0, false, 1},
		{"it has closed meanwhile", asked, true, 1, false, 2},
		{"others have closed behind it", asked + 3, true, 1, false, 2},
		{"it is kept and not given", asked, false, 0, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			questions := 0
			n := &node{answers: map[string]func(json.RawMessage) any{
				"getHealth": health(6, c.latest),
				"getLedgers": func(json.RawMessage) any {
					if questions++; questions == 1 || !c.after {
						return refusal{-32600, "start ledger (10) must be between the oldest ledger: 6 and the latest ledger: 9 for this rpc instance"}
					}
					ledger := map[string]any{"hash": strings.Repeat("ab", 32), "sequence": asked, "ledgerCloseTime": "1010", "metadataXdr": ""}
					return map[string]any{"ledgers": []any{ledger}, "latestLedger": asked, "oldestLedger": 6, "latestLedgerCloseTime": 1010, "oldestLedgerCloseTime": 1006, "cursor": "10"}
				},
			}}
			list, kept, err := client(t, n, nil).Ledgers(t.Context(), asked, 5)
			if len(list) != c.want || errors.Is(err, rpc.ErrRefused) != c.refused || err != nil != c.refused || questions != c.question {
				t.Errorf("%d ledgers of %+v, %v after %d questions; want %+v", len(list), kept, err, questions, c)
			}
			if err == nil && len(list) == 0 && kept.Latest.Sequence >= asked {
				t.Errorf("none, though it keeps up to %d", kept.Latest.Sequence)
			}
		})
	}
}
