package weather

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// fork is a history that parts from the node's at one ledger: the same transactions, in ledgers whose headers say something else and name each
// other, sound in all their hashes.
type fork struct {
	first uint32   // of its own ledgers
	mark  xdr.Hash // what the headers have that the node's have not

	mu     sync.Mutex
	hashes map[uint32]xdr.Hash // of its ledgers
}

func newFork(seed uint64, first uint32) *fork {
	text := binary.BigEndian.AppendUint64([]byte("a fork of the weather "), seed)
	return &fork{first: first, mark: sha256.Sum256(text), hashes: map[uint32]xdr.Hash{}}
}

// rewrite makes a ledger of the node's the fork's own.
func (f *fork) rewrite(v *view, info *protocol.LedgerInfo) error {
	if f == nil || info.Sequence < f.first {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	// Each names the one before.
	first := info.Sequence
	for first > f.first {
		if _, ok := f.hashes[first-1]; ok {
			break
		}
		first--
	}
	for seq := first; seq < info.Sequence; seq++ {
		before, err := v.info(seq)
		if err != nil {
			return err
		}
		if err := f.own(&before); err != nil {
			return err
		}
	}
	return f.own(info)
}

// own changes a ledger whose predecessor is known.
func (f *fork) own(info *protocol.LedgerInfo) error {
	var meta xdr.LedgerCloseMeta
	if err := xdr.SafeUnmarshalBase64(info.LedgerMetadata, &meta); err != nil {
		return err
	}
	if meta.V2 == nil || meta.V2.TxSet.V1TxSet == nil {
		return fmt.Errorf("ledger %d: its meta is of version %d: a fork is made of version 2", info.Sequence, meta.V)
	}
	entry, set := &meta.V2.LedgerHeader, &meta.V2.TxSet
	if before, ok := f.hashes[info.Sequence-1]; ok {
		entry.Header.PreviousLedgerHash, set.V1TxSet.PreviousLedgerHash = before, before
		raw, err := set.MarshalBinary()
		if err != nil {
			return err
		}
		entry.Header.ScpValue.TxSetHash = sha256.Sum256(raw)
	}
	entry.Header.SkipList[0] = f.mark
	raw, err := entry.Header.MarshalBinary()
	if err != nil {
		return err
	}
	entry.Hash = sha256.Sum256(raw)
	f.hashes[info.Sequence] = entry.Hash
	info.Hash = entry.Hash.HexString()
	if info.LedgerHeader, err = xdr.MarshalBase64(*entry); err != nil {
		return err
	}
	info.LedgerMetadata, err = xdr.MarshalBase64(meta)
	return err
}
