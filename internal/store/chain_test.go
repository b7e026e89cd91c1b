package store

import (
	"slices"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
)

func TestEventIDsAreThoseOfStellarRPC(t *testing.T) {
	var last EventID
	for _, c := range []protocol.Cursor{
		{}, {Event: 1}, {Ledger: 1}, {Ledger: 1, Tx: 1}, {Ledger: 1, Tx: 1, Op: 1}, {Ledger: 1, Tx: 1, Op: 1, Event: 1<<32 - 1}, {Ledger: 1, Tx: 1<<20 - 1, Op: 1<<12 - 1, Event: 1<<32 - 1},
		{Ledger: 2}, {Ledger: 1<<31 - 1},
	} {
		id, err := ParseEventID(c.String())
		if err != nil {
			t.Fatal(err)
		}
		if id.Ledger() != c.Ledger || id <= last {
			t.Errorf("%s: ledger %d, want %d, and in order after %s", id, id.Ledger(), c.Ledger, last)
		}
		last = id
	}
	end := protocol.MaxCursor
	end.Ledger = 77
	if got := EndOfLedger(77); string(got) != end.String() {
		t.Errorf("the end of ledger 77 is %s, RPC says %s", got, end)
	}
}

func TestComplete(t *testing.T) {
	for _, c := range []struct {
		id   EventID
		want uint32
	}{
		{EndOfLedger(0), 0}, {EndOfLedger(9), 9}, {"0000000038654705664-0000000000", 8}, {"0000000042949672959-4294967294", 8}, {"nonsense", 0}, {"", 0},
	} {
		if got := c.id.Complete(); got != c.want {
			t.Errorf("%s is complete through %d, want %d", c.id, got, c.want)
		}
	}
}

func FuzzParseEventID(f *testing.F) {
	for _, s := range []string{"0000000038654705664-0000000000", "9223372036854775807-4294967295", "9223372036854775808-0000000000", "0000000000000000000-4294967296", "+000000000000000001-0000000001", "", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseEventID(s)
		if err != nil {
			return
		}
		cursor, err := protocol.ParseCursor(s)
		if err != nil || cursor.String() != s || cursor.Ledger != id.Ledger() {
			t.Errorf("%q was accepted; RPC reads %s (%v)", s, cursor, err)
		}
	})
}

func TestOnlyOneWayThroughTheStates(t *testing.T) {
	states := []TransactionState{TransactionPrepared, TransactionSubmitted, TransactionIncluded, TransactionFailed, TransactionExpired, TransactionProjected}
	for _, s := range states {
		if out := slices.ContainsFunc(states, s.CanBecome); out == s.Final() {
			t.Errorf("%s is final: %t, and can become another: %t", s, s.Final(), out)
		}
	}
}
