package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Key is the XDR of an xdr.LedgerKey. A lifetime is an entry of its own: the TTL entry under TTLKey of the entry it belongs to.
type Key string

// KeyOf encodes a ledger key. It panics on a key whose union is not set, which no decoded key is.
func KeyOf(k xdr.LedgerKey) Key { return Key(encode(&k)) }

// AccountKey is the key of an account.
func AccountKey(id xdr.AccountId) Key {
	return KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: id}})
}

// TrustlineKey is the key of the trustline by which id holds an issued asset.
func TrustlineKey(id xdr.AccountId, asset xdr.Asset) Key {
	return KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline,
		TrustLine: &xdr.LedgerKeyTrustLine{AccountId: id, Asset: asset.ToTrustLineAsset()}})
}

// Type is the type of the entry that the key names.
func (k Key) Type() xdr.LedgerEntryType {
	if len(k) < 4 {
		return -1
	}
	return xdr.LedgerEntryType(binary.BigEndian.Uint32([]byte(k[:4])))
}

// HasTTL tells contract data and code, which live until a ledger, from all other entries.
func (k Key) HasTTL() bool {
	t := k.Type()
	return t == xdr.LedgerEntryTypeContractData || t == xdr.LedgerEntryTypeContractCode
}

// archive begins the keys under which the state keeps what was taken out of the live state; no LedgerKey begins so.
const archive = "\xff\xff\xff\xff"

// archived is the key of the entry under k while it is out of the live state.
func (k Key) archived() Key { return archive + k }

// Temporary tells contract data that vanishes at the end of its life from what is archived then.
func (k Key) Temporary() bool {
	// The durability is the last field of a contract data key.
	return k.Type() == xdr.LedgerEntryTypeContractData &&
		binary.BigEndian.Uint32([]byte(k[len(k)-4:])) == uint32(xdr.ContractDataDurabilityTemporary)
}

// LedgerKey decodes the key.
func (k Key) LedgerKey() (lk xdr.LedgerKey, err error) {
	if err := xdr.SafeUnmarshal([]byte(k), &lk); err != nil {
		return lk, fmt.Errorf("read a ledger key: %w", err)
	}
	return lk, nil
}

// TTLKey is the key of the lifetime of the entry under k: its hash is SHA-256 of k (CAP-46-12).
func (k Key) TTLKey() Key {
	hash := sha256.Sum256([]byte(k))
	return Key(binary.BigEndian.AppendUint32(nil, uint32(xdr.LedgerEntryTypeTtl))) + Key(hash[:])
}

// Find returns the entry under k, wherever it is kept, and the last ledger that it lives in: 0 if it is out of the live state (CAP-66), or
// of a kind that lives for ever.
func Find(r Reader, k Key) (entry []byte, until uint32, ok bool) {
	if entry, ok = r.Get(k); ok || !k.HasTTL() || k.Temporary() {
		until, _ = LiveUntil(r, k)
		return entry, until, ok
	}
	entry, ok = r.Get(k.archived())
	return entry, 0, ok
}

// LiveUntil returns the last ledger that the entry under k lives in. It answers false for a key without lifetime or
// entry in the live state.
func LiveUntil(r Reader, k Key) (uint32, bool) {
	if !k.HasTTL() {
		return 0, false
	}
	raw, ok := r.Get(k.TTLKey())
	if !ok {
		return 0, false
	}
	return uint32(Decode(raw).Data.Ttl.LiveUntilLedgerSeq), true
}

// Decode reads an entry that the ledger itself has stored. It panics when that is no entry: the state would be lost then, and
// going on would spread it.
func Decode(raw []byte) *xdr.LedgerEntry {
	var e xdr.LedgerEntry
	if err := e.UnmarshalBinary(raw); err != nil {
		panic(fmt.Sprintf("a stored ledger entry cannot be read: %v: %x", err, raw))
	}
	return &e
}

type marshaler interface{ MarshalBinary() ([]byte, error) }

// encode is for values that we made or decoded ourselves, which always encode.
func encode(v marshaler) []byte {
	b, err := v.MarshalBinary()
	if err != nil {
		panic(fmt.Sprintf("%T cannot be encoded: %v", v, err))
	}
	return b
}
