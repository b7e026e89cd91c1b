package source

import (
	"fmt"
	"iter"
	"math"

	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Meta is a closed ledger with all that happened in it, a LedgerCloseMeta of version 0 to 2. It is read in place: decoding a ledger of the
// main network whole takes six times as long as finding the few events that are wanted. The SDK's package ingest does all of it and more, at
// the price of 75 more modules.
type Meta struct {
	Sequence  uint32
	CloseTime uint64 // unix seconds
	Protocol  uint32
	Hash      stellar.Hash // as the meta says it; Verify checks it
	Previous  stellar.Hash // of the ledger before

	raw        []byte // of the whole meta
	header     []byte
	setHash    xdr.Hash // of the transactions, by the header
	resultHash xdr.Hash // of their results, by the header
	set        []byte   // what the set's hash is of
	results    []transaction
}

// transaction is what became of one, in the order of application.
type transaction struct {
	hash   xdr.Hash
	ok     bool
	result []byte // TransactionResultPair
	meta   xdr.TransactionMetaView
}

// Bytes is the meta as it came, in XDR. Nobody may change them.
func (m *Meta) Bytes() []byte { return m.raw }

// ReadMeta finds its way through the bytes of a LedgerCloseMeta and keeps them. Bytes that are none are rpc.ErrAnswer.
func ReadMeta(raw []byte) (*Meta, error) {
	m := &Meta{raw: raw}
	var err error
	if broken := xdr.TryVoid(func() { err = m.locate() }); broken != nil {
		err = broken
	}
	if err != nil {
		return nil, fmt.Errorf("ledger meta of %d bytes: %w: %w", len(raw), rpc.ErrAnswer, err)
	}
	return m, nil
}

func (m *Meta) locate() error {
	view := xdr.LedgerCloseMetaView(m.raw)
	var whole []byte
	var transactions iter.Seq[resultMeta]
	var count int
	switch v := view.MustV(); v {
	case 0:
		f := must(view.MustV0().Fields())
		whole = f.View
		m.readHeader(f.LedgerHeader)
		m.set = legacySet(f.TxSet)
		count, transactions = f.TxProcessing.MustCount(), located(f.TxProcessing.MustIter(), older)
	case 1:
		f := must(view.MustV1().Fields())
		whole = f.View
		m.readHeader(f.LedgerHeader)
		m.set = f.TxSet.MustRaw()
		count, transactions = f.TxProcessing.MustCount(), located(f.TxProcessing.MustIter(), older)
	case 2:
		f := must(view.MustV2().Fields())
		whole = f.View
		m.readHeader(f.LedgerHeader)
		m.set = f.TxSet.MustRaw()
		count, transactions = f.TxProcessing.MustCount(), located(f.TxProcessing.MustIter(), newer)
	default:
		return fmt.Errorf("version %d: this program reads 0 to 2", v)
	}
	const version = 4
	if n := version + len(whole); n != len(m.raw) {
		return fmt.Errorf("%d bytes follow its end", len(m.raw)-n)
	}
	// The parts of an event's id have these bounds (SEP-35).
	if m.Sequence == 0 || m.Sequence > math.MaxInt32 || count >= toid.TransactionMask {
		return fmt.Errorf("ledger %d of %d transactions is none", m.Sequence, count)
	}
	m.results = make([]transaction, 0, count)
	for t := range transactions {
		pair := must(t.result.Fields())
		m.results = append(m.results, transaction{
			hash: pair.TransactionHash.MustValue(), ok: must(pair.Result.Successful()), result: pair.View, meta: t.meta,
		})
	}
	return nil
}

// must hands a broken view's error to the xdr.Try around it, as the Must methods of the SDK's views do.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (m *Meta) readHeader(entry xdr.LedgerHeaderHistoryEntryView) {
	f := must(entry.Fields())
	h := must(f.Header.Fields())
	m.Hash, m.header = stellar.Hash(f.Hash.MustValue()), f.Header
	m.Sequence, m.Protocol = h.LedgerSeq.MustValue(), h.LedgerVersion.MustValue()
	m.Previous = stellar.Hash(h.PreviousLedgerHash.MustValue())
	value := must(h.ScpValue.Fields())
	m.CloseTime, m.setHash, m.resultHash = value.CloseTime.MustValue(), value.TxSetHash.MustValue(), h.TxSetResultHash.MustValue()
}

// resultMeta is what TransactionResultMeta and TransactionResultMetaV1 share.
type resultMeta struct {
	result xdr.TransactionResultPairView
	meta   xdr.TransactionMetaView
}

func older(v xdr.TransactionResultMetaView) resultMeta {
	f := must(v.Fields())
	return resultMeta{f.Result, f.TxApplyProcessing}
}

func newer(v xdr.TransactionResultMetaV1View) resultMeta {
	f := must(v.Fields())
	return resultMeta{f.Result, f.TxApplyProcessing}
}

func located[V any](list iter.Seq[V], read func(V) resultMeta) iter.Seq[resultMeta] {
	return func(yield func(resultMeta) bool) {
		for v := range list {
			if !yield(read(v)) {
				return
			}
		}
	}
}

// legacySet is what the hash of a set from before protocol 20 is of: the hash of the ledger before and the transactions, without their
// number.
func legacySet(v xdr.TransactionSetView) []byte {
	f := must(v.Fields())
	previous, list := must(f.PreviousLedgerHash.Raw()), f.Txs.MustRaw()
	return append(append(make([]byte, 0, len(previous)+len(list)), previous...), list[4:]...)
}
