package store

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
)

// ErrNotFound is returned for what is not stored.
var ErrNotFound = errors.New("not stored")

// ErrMoved is returned for a write that starts from a state which is no longer the stored one. Nothing was written; read again.
var ErrMoved = errors.New("the stored state has moved on")

// ErrForeign is returned on opening a database that another program made. Nothing in it was changed.
var ErrForeign = errors.New("not a database of this program")

// ErrNewer is returned on opening a database that a newer program has migrated further than this one knows. Nothing in it was changed.
var ErrNewer = errors.New("written by a newer version of this program")

// ErrLimit is returned for a list of less than one or more than MaxPage rows.
var ErrLimit = errors.New("not a page size")

// MaxPage is the most that one list call returns.
const MaxPage = 500

// Hash is a SHA-256: of a ledger, a transaction or a trade's terms (the trade's id).
type Hash = [32]byte

// EventID is an event's place on the chain as Stellar RPC writes it: 19 digits of ledger, transaction and operation (TOID, SEP-35), "-",
// 10 digits of the event in the operation. Ids order as text as the events do on the chain. It also serves as a position: everything up
// to it, itself included, has been read.
type EventID string

const idForm = "%019d-%010d"

// ParseEventID refuses everything that is not written exactly as RPC writes it.
func ParseEventID(s string) (EventID, error) {
	const dash = 19
	if len(s) == dash+1+10 && s[dash] == '-' {
		toid, err1 := strconv.ParseUint(s[:dash], 10, 63)
		event, err2 := strconv.ParseUint(s[dash+1:], 10, 32)
		if err1 == nil && err2 == nil && fmt.Sprintf(idForm, toid, event) == s {
			return EventID(s), nil
		}
	}
	return "", fmt.Errorf("event id %.60q is not 19 digits, a dash and 10 digits", s)
}

// EndOfLedger is the position behind every event of ledger seq. EndOfLedger(0) is before everything.
func EndOfLedger(seq uint32) EventID {
	return EventID(fmt.Sprintf(idForm, int64(seq)<<32|math.MaxUint32, uint32(math.MaxUint32)))
}

// Ledger is the ledger that holds the event, 0 for an id that ParseEventID would refuse.
func (id EventID) Ledger() uint32 {
	if _, err := ParseEventID(string(id)); err != nil {
		return 0
	}
	toid, _ := strconv.ParseUint(string(id[:19]), 10, 63)
	return uint32(toid >> 32)
}

// Complete is the last ledger of which nothing is missing up to this position.
func (id EventID) Complete() uint32 {
	seq := id.Ledger()
	if seq > 0 && id != EndOfLedger(seq) {
		return seq - 1
	}
	return seq
}

// Ledger is a closed ledger and its hash.
type Ledger struct {
	Seq  uint32
	Hash Hash
}

// Network is what a store belongs to. Ledgers of another network, or of one that was reset, must never be mixed into it.
type Network struct {
	Passphrase string
	First      Ledger // seen when the store was made; never changes
	Mark       Ledger // the newest one whose hash was seen, at or above First
}

// Contract is a followed contract.
type Contract struct {
	ID       string  // strkey, C…
	Start    uint32  // the first ledger read
	Position EventID // everything up to here is projected; EndOfLedger(Start-1) at first
	// At is the close time of Position's ledger, unix seconds; while far behind, of the last one before it whose time is known; 0 at first.
	At uint64
	// GapOldest is 0, or, while ledgers behind Position cannot be had, the oldest ledger the node kept when that was found.
	GapOldest uint32
	// Dropped says that it is not followed any more: what is known of it stays, its position stays where it is, and nobody waits for it.
	Dropped bool
}

// Event is one contract event as it came from the chain.
type Event struct {
	ID       EventID
	Contract string // strkey, C…
	ClosedAt uint64 // close time of its ledger, unix seconds
	Tx       Hash
	Kind     string // its first topic
	Trade    *Hash  // the trade it is about, nil for events about the contract
	Body     []byte // ContractEvent, XDR
	// Unread says why the event is stored but had no effect on a trade: from a newer contract, or about a trade opened before Start.
	// Empty for every event that was projected.
	Unread string
}

// Move takes a contract's position from one place to the next.
type Move struct {
	Contract string
	From, To EventID
	At       uint64 // the close time of To's ledger, or of the last one before it whose time is known; 0 keeps the stored one
}

// Batch is everything that follows from reading on: it is stored as a whole or not at all. It has at least one move, gap or entry of the feed:
// the platform has notes of its own, which no event of the chain brings.
type Batch struct {
	Moves  []Move
	Events []Event // in order, each of a contract in Moves and between its From (excluded) and To
	Trades []Change
	Feed   []feed.Entry // following the stored head
	Gaps   []Gap
}

// Check refuses a batch that contradicts itself: whoever made it has a mistake in it.
func (b Batch) Check() error {
	switch {
	case len(b.Moves) == 0 && len(b.Gaps) == 0 && len(b.Feed) == 0:
		return errors.New("it changes nothing")
	case len(b.Moves) == 0 && len(b.Trades) > 0:
		return errors.New("it changes trades and moves nothing")
	}
	moves := map[string]Move{}
	for _, m := range b.Moves {
		if _, err := ParseEventID(string(m.To)); err != nil {
			return fmt.Errorf("move %s: %w", m.Contract, err)
		}
		if _, twice := moves[m.Contract]; twice || m.To <= m.From {
			return fmt.Errorf("move %s from %s to %s: not forward, or for the second time", m.Contract, m.From, m.To)
		}
		moves[m.Contract] = m
	}
	var last EventID
	for _, e := range b.Events {
		if m, ok := moves[e.Contract]; !ok || e.ID <= m.From || e.ID > m.To || e.ID <= last {
			return fmt.Errorf("event %s of %s: outside the move, or out of order", e.ID, e.Contract)
		}
		last = e.ID
	}
	return CheckChanges(b.Trades)
}

// Gap says that a contract has got into the gap state, or, with Oldest 0, out of it.
type Gap struct {
	Contract string
	Oldest   uint32
}

// EventFilter says which events a list holds. At most one of Trade, Kind and Contract is set.
type EventFilter struct {
	Trade    *Hash
	Kind     string
	Contract string
	Read     bool // without those that are Unread
	Page
}

// Page is a piece of a list that is ordered by event ids.
type Page struct {
	After  EventID // the last one already seen; empty for the beginning
	Newest bool    // newest first; After is then the oldest one already seen
	Limit  int     // 1 to MaxPage
}

// Check returns ErrLimit for a limit outside 1 to MaxPage, and an error for an After that is no event id.
func (p Page) Check() error {
	if p.Limit < 1 || p.Limit > MaxPage {
		return fmt.Errorf("list of %d rows: %w: it is 1 to %d", p.Limit, ErrLimit, MaxPage)
	}
	if p.After != "" {
		if _, err := ParseEventID(string(p.After)); err != nil {
			return fmt.Errorf("list after: %w", err)
		}
	}
	return nil
}
