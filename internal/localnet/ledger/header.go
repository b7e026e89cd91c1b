package ledger

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// What a new network starts with; the main network's numbers of today, where those of its first day differ.
const (
	BaseFee        = 100                           // stroops an operation
	BaseReserve    = 5_000_000                     // stroops an account entry and each subentry
	MaxTxSetSize   = 1000                          // operations in a ledger
	TotalCoins     = 1_000_000_000_000_000_000     // stroops, all of them the root account's at first
	genesisLedger  = 1                             // has no meta, as on other networks
	FirstLedger    = genesisLedger + 1             // the oldest ledger that can be asked for
	emptySetResult = "\x00\x00\x00\x00"            // XDR of a TransactionResultSet without results
	bucketSeed     = "stellar-localnet state hash" // see Seal
)

// Closed is a closed ledger: its header, and the SHA-256 of the header's XDR, which the next header names.
type Closed struct {
	Header xdr.LedgerHeader
	Hash   xdr.Hash
}

// Sequence is the ledger's number.
func (c Closed) Sequence() uint32 { return uint32(c.Header.LedgerSeq) }

// CloseTime is when it closed, in Unix seconds.
func (c Closed) CloseTime() int64 { return int64(c.Header.ScpValue.CloseTime) }

func closed(h xdr.LedgerHeader) Closed {
	return Closed{Header: h, Hash: sha256.Sum256(encode(&h))}
}

// Genesis is ledger 1 of the network with that passphrase: the root account, whose key is made from the passphrase and known to
// everyone, owns all lumens.
func Genesis(passphrase string, protocol uint32) (Closed, map[Key][]byte) {
	root := xdr.MustAddress(keypair.Root(passphrase).Address())
	d := NewDelta(NewState().Snapshot(), genesisLedger)
	d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
		AccountId: root, Balance: TotalCoins, Thresholds: xdr.Thresholds{1, 0, 0, 0}}})
	h := xdr.LedgerHeader{LedgerVersion: xdr.Uint32(protocol), LedgerSeq: genesisLedger, TotalCoins: TotalCoins,
		BaseFee: BaseFee, BaseReserve: BaseReserve, MaxTxSetSize: MaxTxSetSize}
	h.BucketListHash = stateHash(sha256.Sum256([]byte(bucketSeed)), d.All())
	return closed(h), d.All()
}

// TxSet is the set that a ledger agrees on: classic transactions in the first phase, those of contracts in the second, each sorted
// by hash as the protocol wants; the order of application is the order of the results in the meta.
func TxSet(previous xdr.Hash, classic, soroban []xdr.TransactionEnvelope) xdr.GeneralizedTransactionSet {
	classic, soroban = sortedByHash(classic), sortedByHash(soroban)
	fee := xdr.Int64(BaseFee)
	components := []xdr.TxSetComponent{}
	if len(classic) > 0 {
		components = append(components, xdr.TxSetComponent{Type: xdr.TxSetComponentTypeTxsetCompTxsMaybeDiscountedFee,
			TxsMaybeDiscountedFee: &xdr.TxSetComponentTxsMaybeDiscountedFee{BaseFee: &fee, Txs: classic}})
	}
	parallel := &xdr.ParallelTxsComponent{}
	if len(soroban) > 0 {
		parallel.BaseFee = &fee
		parallel.ExecutionStages = []xdr.ParallelTxExecutionStage{{xdr.DependentTxCluster(soroban)}}
	}
	return xdr.GeneralizedTransactionSet{V: 1, V1TxSet: &xdr.TransactionSetV1{PreviousLedgerHash: previous,
		Phases: []xdr.TransactionPhase{{V: 0, V0Components: &components}, {V: 1, ParallelTxsComponent: parallel}}}}
}

func sortedByHash(list []xdr.TransactionEnvelope) []xdr.TransactionEnvelope {
	if len(list) < 2 {
		return list
	}
	type hashed struct {
		envelope xdr.TransactionEnvelope
		hash     [sha256.Size]byte
	}
	all := make([]hashed, len(list))
	for i, e := range list {
		all[i] = hashed{e, sha256.Sum256(encode(&e))}
	}
	slices.SortFunc(all, func(a, b hashed) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	sorted := make([]xdr.TransactionEnvelope, len(all))
	for i, h := range all {
		sorted[i] = h.envelope
	}
	return sorted
}

// Next begins the header of the ledger after prev. Fee pool and the rest are set while transactions are applied; Seal ends it.
func Next(prev Closed, set xdr.GeneralizedTransactionSet, closeTime int64) xdr.LedgerHeader {
	h := prev.Header
	h.LedgerSeq++
	h.PreviousLedgerHash = prev.Hash
	h.ScpValue = xdr.StellarValue{TxSetHash: sha256.Sum256(encode(&set)), CloseTime: xdr.TimePoint(closeTime)}
	return h
}

// Seal ends a header with the hash of the results and of the state. The latter is no bucket list, which takes a database of the
// whole network to build: it is a running hash over the changes of each ledger, which equal histories and no others share.
func Seal(h xdr.LedgerHeader, results []xdr.TransactionResultPair, changes map[Key][]byte) Closed {
	h.TxSetResultHash = sha256.Sum256(encode(&xdr.TransactionResultSet{Results: results}))
	h.BucketListHash = stateHash(h.BucketListHash, changes)
	return closed(h)
}

func stateHash(before xdr.Hash, changes map[Key][]byte) xdr.Hash {
	if len(changes) == 0 {
		return before
	}
	sum := sha256.New()
	sum.Write(before[:])
	for _, k := range slices.SortedFunc(maps.Keys(changes), cmp.Compare[Key]) {
		entry := changes[k]
		keySum, entrySum := sha256.Sum256([]byte(k)), sha256.Sum256(entry)
		sum.Write(keySum[:])
		sum.Write(entrySum[:])
	}
	return xdr.Hash(sum.Sum(nil))
}
