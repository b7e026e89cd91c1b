package localnet_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
)

// page is what an answer of getLedgers, getTransactions or getEvents says of what is in it and where it ends.
type page struct {
	Cursor  string
	Latest  uint32
	Places  []string // of what is in it, in an order that texts have too
	Further bool     // whether a call with the cursor must not be refused
}

// placeOf writes a number so that texts compare as the numbers do.
func placeOf(n uint64) string { return fmt.Sprintf("%020d", n) }

func (w *asked) pageOf(t *testing.T, c call, result json.RawMessage) (p page) {
	t.Helper()
	read := func(into any) {
		if err := json.Unmarshal(result, into); err != nil {
			t.Fatalf("%s: %v", clip(c.text), err)
		}
	}
	switch c.method {
	case "getLedgers":
		var got protocol.GetLedgersResponse
		read(&got)
		for i, l := range got.Ledgers {
			if i > 0 && l.Sequence != got.Ledgers[i-1].Sequence+1 {
				t.Errorf("%s: ledger %d after %d", clip(c.text), l.Sequence, got.Ledgers[i-1].Sequence)
			}
			p.Places = append(p.Places, placeOf(uint64(l.Sequence)))
		}
		// Behind the newest ledger the real server takes no cursor.
		p.Cursor, p.Latest, p.Further = got.Cursor, got.LatestLedger, got.Cursor != strconv.Itoa(int(got.LatestLedger))
	case "getTransactions":
		var got protocol.GetTransactionsResponse
		read(&got)
		for _, x := range got.Transactions {
			p.Places = append(p.Places, placeOf(uint64(x.Ledger)<<20|uint64(x.ApplicationOrder)))
			if a := w.one(t, "getTransaction", `{"hash":"`+x.TransactionHash+`"}`); a.Error != nil {
				t.Errorf("transaction %s of a list: %s", x.TransactionHash, a.Error.Message)
			}
		}
		// Asked behind the newest transaction the real server goes back to the beginning of its ledger.
		p.Cursor, p.Latest, p.Further = got.Cursor, got.LatestLedger, len(got.Transactions) > 0
	case "getEvents":
		var got protocol.GetEventsResponse
		read(&got)
		for _, e := range got.Events {
			p.Places = append(p.Places, e.ID)
		}
		p.Cursor, p.Latest = got.Cursor, got.LatestLedger
		at, err := protocol.ParseCursor(got.Cursor)
		if err != nil {
			t.Fatalf("%s: the cursor: %v", clip(c.text), err)
		}
		// An end before the start, which the real server takes, has a cursor before both.
		p.Further = at.Ledger >= 2
	}
	return p
}

// follow reads a list on by its own cursors: nothing comes twice or out of order, no page is longer than was asked for, and each cursor is taken.
func (w *asked) follow(t *testing.T, c call, result json.RawMessage) {
	t.Helper()
	limit := map[string]int{"getLedgers": 50, "getTransactions": 50, "getEvents": 100}[c.method]
	var given struct{ Limit int }
	if json.Unmarshal([]byte(c.fields["pagination"]), &given) == nil && given.Limit > 0 {
		limit = given.Limit
	}
	last := ""
	for range pagesFollowed {
		p := w.pageOf(t, c, result)
		if len(p.Places) > limit {
			t.Errorf("%s: %d in a page of %d", clip(c.text), len(p.Places), limit)
		}
		for _, at := range p.Places {
			if at <= last {
				t.Fatalf("%s: %s after %s", clip(c.text), at, last)
			}
			last = at
		}
		if !p.Further {
			return
		}
		pagination := fmt.Sprintf(`{"cursor":%q,"limit":%d}`, p.Cursor, limit)
		params := `{"pagination":` + pagination + `}`
		if filters, ok := c.fields["filters"]; ok && c.method == "getEvents" {
			params = `{"pagination":` + pagination + `,"filters":` + filters + `}`
		}
		a := w.one(t, c.method, params)
		if a.Error != nil {
			t.Fatalf("%s\nended at a cursor that is not taken: %s: %s", clip(c.text), params, a.Error.Message)
		}
		w.followed++
		result = a.Result
	}
}
