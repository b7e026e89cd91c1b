package source

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Meta is a closed ledger with all that happened in it, a LedgerCloseMeta of version 0 to 2. It is read in place: decoding a ledger of the
// main network whole takes nine times as long as finding the few events that are wanted. The SDK's package ingest does all of it and more, at
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
	hash    xdr.Hash
	ok      bool
	result  []byte // TransactionResultPair
	version int32  // of the transaction's meta; what follows is there if it has one
	value   []byte // ScVal: what a contract call returned
	called  []byte // the events of a contract call, an array; of version 3
	ops     []byte // the operations, an array; of version 4
	staged  []byte // the events of no operation, an array; of version 4
}

// Bytes is the meta as it came, in XDR. Nobody may change them.
func (m *Meta) Bytes() []byte { return m.raw }

// ReadMeta finds its way through the bytes of a LedgerCloseMeta and keeps them. Bytes that are none are rpc.ErrAnswer.
func ReadMeta(raw []byte) (*Meta, error) {
	m, rest, err := NextMeta(raw)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("ledger meta of %d bytes: %d bytes follow its end: %w", len(raw), len(rest), rpc.ErrAnswer)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// NextMeta is ReadMeta for the first of several, one behind the other.
func NextMeta(raw []byte) (m *Meta, rest []byte, err error) {
	m = &Meta{}
	broken := xdr.TryVoid(func() { m.raw, err = m.locate(raw) })
	if broken != nil {
		err = broken
	}
	if err != nil {
		return nil, nil, fmt.Errorf("ledger meta of %d bytes: %w: %w", len(raw), rpc.ErrAnswer, err)
	}
	return m, raw[len(m.raw):], nil
}

// locate notes where everything is, and how far the meta reaches.
func (m *Meta) locate(raw []byte) ([]byte, error) {
	const versionBytes = 4
	view := xdr.LedgerCloseMetaView(raw)
	var whole, transactions []byte
	read := m.older
	switch v := view.MustV(); v {
	case 0:
		f := must(view.MustV0().Fields())
		whole, transactions = f.View, f.TxProcessing
		m.readHeader(f.LedgerHeader)
		m.set = legacySet(f.TxSet)
	case 1:
		f := must(view.MustV1().Fields())
		whole, transactions = f.View, f.TxProcessing
		m.readHeader(f.LedgerHeader)
		m.set = f.TxSet
	case 2:
		f := must(view.MustV2().Fields())
		whole, transactions, read = f.View, f.TxProcessing, m.newer
		m.readHeader(f.LedgerHeader)
		m.set = f.TxSet
	default:
		return nil, fmt.Errorf("version %d: this program reads 0 to 2", v)
	}
	// The parts of an event's id have these bounds (SEP-35).
	if n := count(transactions); m.Sequence == 0 || m.Sequence > math.MaxInt32 || n >= toid.TransactionMask {
		return nil, fmt.Errorf("ledger %d of %d transactions is none", m.Sequence, n)
	}
	if err := each(transactions, read); err != nil {
		return nil, err
	}
	return raw[:versionBytes+len(whole)], nil
}

// count is the length of an array.
func count(array []byte) uint32 { return binary.BigEndian.Uint32(array) }

// each goes through an array whose extent the SDK has found. read is given what begins with an element, and returns the element's size: so
// each is walked through once, where the SDK's iterators walk to find its end, and again to find its fields.
func each(array []byte, read func(rest []byte) (size int, err error)) error {
	rest := array[4:]
	for range count(array) {
		n, err := read(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
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

// older and newer read a TransactionResultMeta and a TransactionResultMetaV1.

func (m *Meta) older(rest []byte) (int, error) {
	f := must(xdr.TransactionResultMetaView(rest).Fields())
	return len(f.View), m.add(f.Result, f.TxApplyProcessing)
}

func (m *Meta) newer(rest []byte) (int, error) {
	f := must(xdr.TransactionResultMetaV1View(rest).Fields())
	return len(f.View), m.add(f.Result, f.TxApplyProcessing)
}

func (m *Meta) add(result xdr.TransactionResultPairView, meta xdr.TransactionMetaView) error {
	pair := must(result.Fields())
	t := transaction{hash: pair.TransactionHash.MustValue(), ok: must(pair.Result.Successful()), result: pair.View, version: meta.MustV()}
	switch t.version {
	case 0, 1, 2: // from before there were contracts
	case 3:
		if soroban, ok := meta.MustV3().MustSorobanMeta().MustUnwrap(); ok {
			f := must(soroban.Fields())
			t.value, t.called = f.ReturnValue, f.Events
		}
	case 4:
		f := must(meta.MustV4().Fields())
		t.ops, t.staged = f.Operations, f.Events
		if soroban, ok := f.SorobanMeta.MustUnwrap(); ok {
			if value, ok := soroban.MustReturnValue().MustUnwrap(); ok {
				t.value = value.MustRaw()
			}
		}
	default:
		return fmt.Errorf("transaction %x: meta of version %d: this program reads 0 to 4", t.hash, t.version)
	}
	m.results = append(m.results, t)
	return nil
}

// legacySet is what the hash of a set from before protocol 20 is of: the hash of the ledger before and the transactions, without their
// number.
func legacySet(v xdr.TransactionSetView) []byte {
	f := must(v.Fields())
	previous, list := must(f.PreviousLedgerHash.Raw()), f.Txs.MustRaw()
	return append(append(make([]byte, 0, len(previous)+len(list)), previous...), list[4:]...)
}
