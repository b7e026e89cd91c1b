package ledgers

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

const protocol = 23

// closer closes ledgers, one after the other.
type closer struct{ last ledger.Closed }

func newCloser() *closer {
	genesis, _ := ledger.Genesis(Passphrase, protocol)
	return &closer{last: genesis}
}

// close is the LedgerCloseMeta of the next ledger. It is put together from what is encoded already; ledgers_test.go decodes it.
func (c *closer) close(seq uint32, txs []applied) []byte {
	set := transactionSet(c.last.Hash, txs)
	results, size := binary.BigEndian.AppendUint32(nil, uint32(len(txs))), len(set)
	for _, t := range txs {
		results = append(results, t.result...)
		size += len(t.whole)
	}
	h := c.last.Header
	h.LedgerSeq, h.PreviousLedgerHash, h.TxSetResultHash = xdr.Uint32(seq), c.last.Hash, sha256.Sum256(results)
	h.ScpValue = xdr.StellarValue{TxSetHash: sha256.Sum256(set), CloseTime: xdr.TimePoint(closeTime(seq))}
	h.BucketListHash = sha256.Sum256(h.BucketListHash[:]) // of a state that nobody keeps
	c.last = ledger.Closed{Header: h, Hash: sha256.Sum256(encode(&h))}

	const version2, noExt, empty = 2, 0, 0
	out := binary.BigEndian.AppendUint32(make([]byte, 0, size+1_000), version2)
	out = binary.BigEndian.AppendUint32(out, noExt)
	out = append(out, encode(&xdr.LedgerHeaderHistoryEntry{Hash: c.last.Hash, Header: h})...)
	out = append(out, set...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(txs)))
	for _, t := range txs {
		out = append(out, t.whole...)
	}
	out = binary.BigEndian.AppendUint32(out, empty) // upgrades
	out = binary.BigEndian.AppendUint32(out, empty) // messages of the validators
	out = binary.BigEndian.AppendUint64(out, uint64(seq)*1_000)
	return binary.BigEndian.AppendUint32(out, empty) // evicted keys
}

// transactionSet is a GeneralizedTransactionSet: no classic transactions, and those of contracts in one cluster, by their hashes.
func transactionSet(previous xdr.Hash, txs []applied) []byte {
	const version1, classic, parallel, given, baseFee = 1, 0, 1, 1, 100
	size := 0
	for _, t := range txs {
		size += len(t.envelope)
	}
	out := binary.BigEndian.AppendUint32(make([]byte, 0, size+100), version1)
	out = append(out, previous[:]...)
	out = binary.BigEndian.AppendUint32(out, 2) // phases
	out = binary.BigEndian.AppendUint32(out, classic)
	out = binary.BigEndian.AppendUint32(out, 0) // components
	out = binary.BigEndian.AppendUint32(out, parallel)
	out = binary.BigEndian.AppendUint32(out, given)
	out = binary.BigEndian.AppendUint64(out, baseFee)
	if len(txs) == 0 {
		return binary.BigEndian.AppendUint32(out, 0) // stages
	}
	out = binary.BigEndian.AppendUint32(out, 1) // stage
	out = binary.BigEndian.AppendUint32(out, 1) // cluster
	out = binary.BigEndian.AppendUint32(out, uint32(len(txs)))
	type summed struct {
		sum      [32]byte
		envelope []byte
	}
	order := make([]summed, len(txs))
	for i, t := range txs {
		order[i] = summed{sha256.Sum256(t.envelope), t.envelope}
	}
	slices.SortFunc(order, func(a, b summed) int { return bytes.Compare(a.sum[:], b.sum[:]) })
	for _, o := range order {
		out = append(out, o.envelope...)
	}
	return out
}
