package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// CloseSeconds is the time from one ledger to the next that the main network aims at. Entry lifetimes are counted in ledgers and
// priced on this assumption.
const CloseSeconds = 5

// stepLedgers is how often a run keeps a hash. Reading one ledger costs at most that many times 1 µs.
const stepLedgers = 4096

// run is a row of empty ledgers after base, some seconds apart. Their headers follow from base, so only some hashes are kept: enough
// to make any of them again without those before it, and to see that they are still the same.
type run struct {
	base   Closed
	every  int64 // seconds
	length uint32
	hashes []xdr.Hash // of the ledgers base+0, base+stepLedgers, base+2·stepLedgers …
	before xdr.Hash   // of the last ledger but one
	live   xdr.Uint64 // bytes of contract state, as before the run
}

func newRun(base Closed, every int64, live xdr.Uint64) *run {
	return &run{base: base, every: every, hashes: []xdr.Hash{base.Hash}, live: live}
}

// stretch is a number of empty ledgers that a run grows by, with the hashes of them that it keeps.
type stretch struct {
	n      uint32
	before xdr.Hash   // of the last ledger but one
	hashes []xdr.Hash // of those at a multiple of stepLedgers, counted from the run's base
}

// following makes the n ledgers after the run's last, whose hash is given.
func (r *run) following(last xdr.Hash, n uint32) stretch {
	b := newEmptyHasher(r.base.Header, r.every)
	s := stretch{n: n, before: r.before}
	for i := r.length + 1; i <= r.length+n; i++ {
		s.before, last = last, b.next(last, i)
		if i%stepLedgers == 0 {
			s.hashes = append(s.hashes, last)
		}
	}
	return s
}

// add makes the run longer. It answers false, and does nothing, if s has not the hashes of ledgers that follow the run.
func (r *run) add(s stretch) bool {
	if s.n == 0 || s.n > math.MaxUint32-r.length || len(s.hashes) != int((r.length+s.n)/stepLedgers-r.length/stepLedgers) {
		return false
	}
	r.length, r.before, r.hashes = r.length+s.n, s.before, append(r.hashes, s.hashes...)
	return true
}

// encode writes how many, u32, and the hashes.
func (s stretch) encode() []byte {
	raw := append(binary.BigEndian.AppendUint32(nil, s.n), s.before[:]...)
	for _, h := range s.hashes {
		raw = append(raw, h[:]...)
	}
	return raw
}

// parseStretch reads what encode has written, or answers false.
func parseStretch(raw []byte) (s stretch, ok bool) {
	const head = 4 + len(s.before)
	if len(raw) < head || (len(raw)-head)%len(s.before) != 0 {
		return s, false
	}
	s.n, s.before = binary.BigEndian.Uint32(raw), xdr.Hash(raw[4:head])
	for rest := raw[head:]; len(rest) > 0; rest = rest[len(s.before):] {
		s.hashes = append(s.hashes, xdr.Hash(rest[:len(s.before)]))
	}
	return s, true
}

// sound tells whether the end of the run follows from the hash that is kept before it: stepLedgers to be made at most.
func (r *run) sound() bool { return r.hashBefore(r.length) == r.before }

// end returns the last ledger of a run that is not empty.
func (r *run) end() Closed { return r.after(r.before, r.length) }

// at returns the i-th ledger after base, 1 ≤ i ≤ length.
func (r *run) at(i uint32) Closed { return r.after(r.hashBefore(i), i) }

// hashBefore makes the hash of the ledger before the i-th.
func (r *run) hashBefore(i uint32) xdr.Hash {
	from := (i - 1) / stepLedgers
	hash := r.hashes[from]
	b := newEmptyHasher(r.base.Header, r.every)
	for k := from*stepLedgers + 1; k < i; k++ {
		hash = b.next(hash, k)
	}
	return hash
}

// after returns the i-th ledger when hash is the one before it.
func (r *run) after(previous xdr.Hash, i uint32) Closed {
	prev := Closed{Header: r.base.Header, Hash: previous}
	prev.Header.LedgerSeq += xdr.Uint32(i - 1)
	set := TxSet(previous, nil, nil)
	return Seal(Next(prev, set, r.base.CloseTime()+int64(i)*r.every), nil, nil)
}

// EmptyMeta is the meta of an empty ledger.
func EmptyMeta(c Closed, liveBytes xdr.Uint64) xdr.LedgerCloseMeta {
	return xdr.LedgerCloseMeta{V: 2, V2: &xdr.LedgerCloseMetaV2{
		LedgerHeader:                    xdr.LedgerHeaderHistoryEntry{Hash: c.Hash, Header: c.Header},
		TxSet:                           TxSet(c.Header.PreviousLedgerHash, nil, nil),
		TotalByteSizeOfLiveSorobanState: liveBytes,
	}}
}

// emptyHasher hashes the headers of a run by patching their XDR, which is forty times faster than encoding each: moving the time
// forward by half a year is three million ledgers.
type emptyHasher struct {
	header, set []byte
	base        xdr.LedgerHeader
	every       uint64
}

// Offsets in the XDR of a LedgerHeader whose value has no upgrades, and of a GeneralizedTransactionSet.
const (
	headerPrevious  = 4
	headerSet       = headerPrevious + 32
	headerTime      = headerSet + 32
	headerResults   = headerTime + 8 + 4 + 4
	headerStateHash = headerResults + 32
	headerSequence  = headerStateHash + 32
	setPrevious     = 4
)

func newEmptyHasher(base xdr.LedgerHeader, every int64) *emptyHasher {
	b := &emptyHasher{base: base, every: uint64(every)}
	h := base
	h.ScpValue = xdr.StellarValue{}
	h.TxSetResultHash = sha256.Sum256([]byte(emptySetResult))
	set := TxSet(xdr.Hash{}, nil, nil)
	b.header, b.set = encode(&h), encode(&set)
	return b
}

// next returns the hash of the i-th ledger after base, given that of the one before it.
func (b *emptyHasher) next(previous xdr.Hash, i uint32) xdr.Hash {
	copy(b.set[setPrevious:], previous[:])
	set := sha256.Sum256(b.set)
	copy(b.header[headerPrevious:], previous[:])
	copy(b.header[headerSet:], set[:])
	binary.BigEndian.PutUint64(b.header[headerTime:], uint64(b.base.ScpValue.CloseTime)+uint64(i)*b.every)
	binary.BigEndian.PutUint32(b.header[headerSequence:], uint32(b.base.LedgerSeq)+i)
	return sha256.Sum256(b.header)
}
