package ledger

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// CloseSeconds is the time from one ledger to the next that the main network aims at. Entry lifetimes are counted in ledgers and
// priced on this assumption.
const CloseSeconds = 5

// checkpointLedgers is how often a run remembers a hash. Reading one ledger costs at most that many times 1 µs.
const checkpointLedgers = 4096

// run is a row of empty ledgers after base, some seconds apart. Their headers follow from base, so only some hashes are kept.
type run struct {
	base   Closed
	every  int64 // seconds
	length uint32
	hashes []xdr.Hash // of the ledgers base+0, base+checkpointLedgers, base+2·checkpointLedgers …
	before xdr.Hash   // of the last ledger but one
	last   xdr.Hash
	live   xdr.Uint64 // bytes of contract state, as before the run
}

func newRun(base Closed, every int64, live xdr.Uint64) *run {
	return &run{base: base, every: every, hashes: []xdr.Hash{base.Hash}, last: base.Hash, live: live}
}

// extend makes the run n ledgers longer.
func (r *run) extend(n uint32) {
	b := newEmptyHasher(r.base.Header, r.every)
	for range n {
		r.before, r.last = r.last, b.next(r.last, r.length+1)
		if r.length++; r.length%checkpointLedgers == 0 {
			r.hashes = append(r.hashes, r.last)
		}
	}
}

// end returns the last ledger of a run that is not empty.
func (r *run) end() Closed { return r.after(r.before, r.length) }

// at returns the i-th ledger after base, 1 ≤ i ≤ length.
func (r *run) at(i uint32) Closed {
	from := (i - 1) / checkpointLedgers
	hash := r.hashes[from]
	b := newEmptyHasher(r.base.Header, r.every)
	for k := from*checkpointLedgers + 1; k < i; k++ {
		hash = b.next(hash, k)
	}
	return r.after(hash, i)
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
