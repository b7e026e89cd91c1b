package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Hash is SHA-256 of an entry's payload.
type Hash [sha256.Size]byte

// String is the hash in lower case hexadecimal, as it stands in payloads.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the hash as String does.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hexadecimal digits and refuses everything else.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("a hash is %d hexadecimal digits, this has %d", hex.EncodedLen(len(h)), len(text))
	}
	if _, err := hex.Decode(h[:], text); err != nil {
		return fmt.Errorf("read hash: %w", err)
	}
	return nil
}

// Kinds of entries that are not the name of a contract event. All other kinds are the names of the contract's events (docs/contract.md).
const (
	KindGap    = "gap"     // the node no longer has the ledgers that follow the contract's position: what comes later is late
	KindGapEnd = "gap_end" // the missing ledgers could be had after all; their entries follow
	KindUnread = "unread"  // an event that had no effect: Data says its kind, and why
)

// Kinds of the platform's own notes: what it has found out about itself. Each one that says that something is wrong has one that says
// that it is right again, so a reader who keeps the last of a pair knows how things are.
const (
	KindKeeperLimit    = "keeper_limit"     // the keeper has reached its limit of the day and pays for nothing more; what is due can be settled by anyone
	KindKeeperLimitEnd = "keeper_limit_end" // it settles again: another day, or a higher limit

	KindVerifyFailed = "verify"    // a comparison with the state of the contract found differences: Data says which; what the store says of them is not to be relied on
	KindVerifyOK     = "verify_ok" // the first comparison after such a one that found none

	KindStopped = "stopped" // following has stopped: the node serves another network, or the network was reset; Data says what was expected
	KindResumed = "resumed" // the network is the right one again, and following goes on from where it stopped

	KindRebuilt = "rebuilt" // the projection was made anew from the ledgers; entries of events that had had no effect before follow, late
)

// Note is what an entry says. Fields that do not apply are left out of its JSON.
type Note struct {
	Kind     string          `json:"kind"`
	Contract string          `json:"contract,omitempty"`
	Trade    string          `json:"trade,omitempty"`     // the trade's id, hexadecimal
	Event    string          `json:"event,omitempty"`     // the event's id: its position on the chain
	Ledger   uint32          `json:"ledger,omitempty"`    // the ledger that holds the event
	ClosedAt int64           `json:"closed_at,omitempty"` // when that ledger closed, unix seconds
	Tx       string          `json:"tx,omitempty"`        // hash of the transaction, hexadecimal
	Data     json.RawMessage `json:"data,omitempty"`      // the event's fields by name; amounts as decimal strings of stroops
}

// Entry is one place in the sequence.
type Entry struct {
	Seq int64 // from 1, without holes
	Note
	Payload []byte // the exact bytes that were hashed, JSON: seq, prev, and the note
	Hash    Hash   // of Payload
}

// Head is the last entry of the sequence: its number and hash. The zero value stands before the first entry.
type Head struct {
	Seq  int64
	Hash Hash
}

// Next makes the entry that follows head. It fails only for a note whose Data is not JSON, or whose strings are not UTF-8.
func (h Head) Next(n Note) (Entry, error) {
	text, err := payload{Seq: h.Seq + 1, Prev: h.Hash, Note: n}.text()
	if err != nil {
		return Entry{}, fmt.Errorf("feed entry %d: %w", h.Seq+1, err)
	}
	return Entry{Seq: h.Seq + 1, Note: n, Payload: text, Hash: sha256.Sum256(text)}, nil
}

// Head is e as the head of the sequence.
func (e Entry) Head() Head { return Head{Seq: e.Seq, Hash: e.Hash} }

// ErrChain is what Read and Head.Check return, wrapped, for an entry that does not stand where it says.
var ErrChain = errors.New("the feed's chain is broken")

// Read makes an entry of its payload, as any reader of the feed can. It refuses (ErrChain) what Next would not have written, byte for byte.
func Read(text []byte) (Entry, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var p payload
	if err := dec.Decode(&p); err != nil {
		return Entry{}, fmt.Errorf("feed entry: %w: %w", ErrChain, err)
	}
	again, err := Head{Seq: p.Seq - 1, Hash: p.Prev}.Next(p.Note)
	if err != nil {
		return Entry{}, err
	}
	if !bytes.Equal(again.Payload, text) {
		return Entry{}, fmt.Errorf("feed entry %d: %w: its text is not in the one form entries have", p.Seq, ErrChain)
	}
	return again, nil
}

// Follows tells whether e follows h, as Check does, of an entry that Next has made; that is a tenth of the work, which counts where thousands of entries
// are stored. Of any other entry it tells too little.
func (h Head) Follows(e *Entry) bool {
	var begin [maxBegin]byte
	return e.Seq == h.Seq+1 && bytes.HasPrefix(e.Payload, h.appendBegin(begin[:0])) && Hash(sha256.Sum256(e.Payload)) == e.Hash
}

// Check tells whether e follows h: the next number, naming h's hash, and its own hash right. The error (ErrChain) says which of these
// does not hold.
func (h Head) Check(e Entry) error {
	if e.Seq != h.Seq+1 {
		return fmt.Errorf("feed entry %d: %w: it was expected to be entry %d", e.Seq, ErrChain, h.Seq+1)
	}
	if Hash(sha256.Sum256(e.Payload)) != e.Hash {
		return fmt.Errorf("feed entry %d: %w: its hash is not that of its payload", e.Seq, ErrChain)
	}
	told, err := Read(e.Payload)
	if err != nil {
		return err
	}
	if want, _ := h.Next(told.Note); !bytes.Equal(want.Payload, e.Payload) {
		return fmt.Errorf("feed entry %d: %w: it does not name the hash of entry %d", e.Seq, ErrChain, h.Seq)
	}
	return nil
}
