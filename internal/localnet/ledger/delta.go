package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Delta is a set of changes on top of a Reader, which they leave alone. Deltas stack: an operation's on its transaction's, that on
// the ledger's; what fails is not committed.
type Delta struct {
	base    Reader
	ledger  uint32
	changes map[Key][]byte // nil: removed
}

// NewDelta starts changes that belong to the given ledger.
func NewDelta(base Reader, ledger uint32) *Delta {
	return &Delta{base: base, ledger: ledger, changes: map[Key][]byte{}}
}

// Nested starts changes on top of d.
func (d *Delta) Nested() *Delta { return NewDelta(d, d.ledger) }

// Ledger is the sequence of the ledger that the changes belong to.
func (d *Delta) Ledger() uint32 { return d.ledger }

// Get is part of Reader.
func (d *Delta) Get(k Key) ([]byte, bool) {
	if e, ok := d.changes[k]; ok {
		return e, e != nil
	}
	return d.base.Get(k)
}

// Put sets an entry, as changed in the delta's ledger. It changes e.LastModifiedLedgerSeq.
func (d *Delta) Put(e *xdr.LedgerEntry) {
	e.LastModifiedLedgerSeq = xdr.Uint32(d.ledger)
	key, err := e.LedgerKey()
	if err != nil {
		panic("a ledger entry has no key: " + err.Error())
	}
	d.changes[KeyOf(key)] = encode(e)
}

// PutData is Put of an entry without extension.
func (d *Delta) PutData(data xdr.LedgerEntryData) { d.Put(&xdr.LedgerEntry{Data: data}) }

// SetLiveUntil sets the lifetime of the entry under k.
func (d *Delta) SetLiveUntil(k Key, until uint32) {
	ttl := k.TTLKey()
	var hash xdr.Hash
	copy(hash[:], ttl[4:])
	d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTtl,
		Ttl: &xdr.TtlEntry{KeyHash: hash, LiveUntilLedgerSeq: xdr.Uint32(until)}})
}

// Archive takes a persistent entry and its lifetime out of the live state. Find still finds it.
func (d *Delta) Archive(k Key) {
	entry, ok := d.Get(k)
	if !ok {
		return
	}
	d.Remove(k)
	d.changes[k.archived()] = entry
}

// Unarchive brings an entry back that Archive took out, as it was but for its lifetime.
func (d *Delta) Unarchive(k Key, until uint32) {
	entry, ok := d.Get(k.archived())
	if !ok {
		return
	}
	d.changes[k.archived()], d.changes[k] = nil, entry
	d.SetLiveUntil(k, until)
}

// Remove removes an entry, and its lifetime if it has one. It does nothing when there is none.
func (d *Delta) Remove(k Key) {
	if _, ok := d.Get(k); ok {
		d.changes[k] = nil
	}
	if k.HasTTL() {
		d.Remove(k.TTLKey())
	}
}

// Commit adds the changes to the delta below.
func (d *Delta) Commit() {
	maps.Copy(d.base.(*Delta).changes, d.changes)
	d.changes = map[Key][]byte{}
}

// All returns the changes for State.Apply.
func (d *Delta) All() map[Key][]byte { return d.changes }

// Meta lists the changes as a LedgerCloseMeta does: state and updated, created, state and removed; ordered by key.
// An entry that appeared and vanished within the delta is not in it, nor are those out of the live state.
func (d *Delta) Meta() xdr.LedgerEntryChanges {
	list := xdr.LedgerEntryChanges{}
	for _, k := range slices.SortedFunc(maps.Keys(d.changes), cmp.Compare[Key]) {
		if strings.HasPrefix(string(k), archive) {
			continue
		}
		after := d.changes[k]
		before, existed := d.base.Get(k)
		switch {
		case existed && after != nil:
			list = append(list, stateChange(before), xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryUpdated, Updated: Decode(after)})
		case existed:
			lk, err := k.LedgerKey()
			if err != nil {
				panic(err)
			}
			list = append(list, stateChange(before), xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryRemoved, Removed: &lk})
		case after != nil:
			list = append(list, xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryCreated, Created: Decode(after)})
		}
	}
	return list
}

func stateChange(entry []byte) xdr.LedgerEntryChange {
	return xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryState, State: Decode(entry)}
}

// Replay adds the changes of a meta to into, in their order: the reverse of Delta.Meta.
func Replay(into map[Key][]byte, changes xdr.LedgerEntryChanges) {
	put := func(e *xdr.LedgerEntry) {
		lk, err := e.LedgerKey()
		if err != nil {
			panic("a ledger entry in a meta has no key: " + err.Error())
		}
		into[KeyOf(lk)] = encode(e)
	}
	for _, c := range changes {
		switch c.Type {
		case xdr.LedgerEntryChangeTypeLedgerEntryCreated:
			put(c.Created)
		case xdr.LedgerEntryChangeTypeLedgerEntryUpdated:
			put(c.Updated)
		case xdr.LedgerEntryChangeTypeLedgerEntryRestored:
			put(c.Restored)
			if lk, err := c.Restored.LedgerKey(); err == nil && KeyOf(lk).HasTTL() {
				into[KeyOf(lk).archived()] = nil
			}
		case xdr.LedgerEntryChangeTypeLedgerEntryRemoved:
			into[KeyOf(*c.Removed)] = nil
		}
	}
}
