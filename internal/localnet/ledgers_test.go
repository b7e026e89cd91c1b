package localnet_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// parts are those of a ledger that its header answers for, whatever the version of its meta.
type ledgerParts struct {
	header  xdr.LedgerHeaderHistoryEntry
	set     xdr.GeneralizedTransactionSet
	results []xdr.TransactionResultPair
}

func partsOf(meta xdr.LedgerCloseMeta) (p ledgerParts) {
	p.header = meta.LedgerHeaderHistoryEntry()
	if meta.V == 1 {
		p.set = meta.V1.TxSet
		for _, t := range meta.V1.TxProcessing {
			p.results = append(p.results, t.Result)
		}
		return p
	}
	p.set = meta.V2.TxSet
	for _, t := range meta.V2.TxProcessing {
		p.results = append(p.results, t.Result)
	}
	return p
}

func hashOf(t *testing.T, v interface{ MarshalBinary() ([]byte, error) }) xdr.Hash {
	t.Helper()
	raw, err := v.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(raw)
}

// A ledger of the main network is read and written again to the byte, and hangs together as those of localnet do (TestLedgersAreAChain):
// header, transaction set, results and each transaction have the hashes that say so.
func TestRealLedger(t *testing.T) {
	raw, meta := localnettest.RealLedger(t)
	if again, err := meta.MarshalBinary(); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("written again, the ledger is another: %d bytes of %d, %v", len(again), len(raw), err)
	}
	checkHashes(t, meta)
	contracts, bumps := 0, 0
	known := map[xdr.Hash]bool{}
	for _, pair := range partsOf(meta).results {
		known[pair.TransactionHash] = true
	}
	for i, e := range meta.TransactionEnvelopes() {
		f, err := tx.Parse(e, network.PublicNetworkPassphrase)
		if err != nil {
			t.Fatalf("transaction %d: %v", i, err)
		}
		if !known[f.Hash] {
			t.Errorf("transaction %d is taken for %s, which is not in the ledger", i, f.Hash.HexString())
		}
		delete(known, f.Hash)
		bid, operations := f.InclusionFee()
		if bid < 100*operations || f.FullFee() < bid {
			t.Errorf("transaction %d bids %d stroops for %d operations, of a fee of %d", i, bid, operations, f.FullFee())
		}
		if f.Contract() {
			contracts++
		}
		if f.FeeBump() {
			bumps++
		}
		checkKeys(t, f)
	}
	if len(known) != 0 || contracts == 0 || bumps == 0 || meta.LedgerSequence() != 58_752_000 {
		t.Errorf("ledger %d: %d results without transaction, %d contract transactions, %d fee bumps", meta.LedgerSequence(), len(known), contracts, bumps)
	}
}

// checkHashes holds a ledger against its header.
func checkHashes(t *testing.T, meta xdr.LedgerCloseMeta) {
	t.Helper()
	p := partsOf(meta)
	h := p.header
	if got := hashOf(t, &h.Header); got != h.Hash {
		t.Errorf("ledger %d: hash %x, its header has %x", h.Header.LedgerSeq, h.Hash, got)
	}
	if got := hashOf(t, &p.set); got != h.Header.ScpValue.TxSetHash {
		t.Errorf("ledger %d: transaction set hash %x, the set has %x", h.Header.LedgerSeq, h.Header.ScpValue.TxSetHash, got)
	}
	if got := hashOf(t, &xdr.TransactionResultSet{Results: p.results}); got != h.Header.TxSetResultHash && h.Header.LedgerSeq > 2 {
		t.Errorf("ledger %d: result hash %x, the results have %x", h.Header.LedgerSeq, h.Header.TxSetResultHash, got)
	}
}

// checkKeys reads the keys of a transaction's footprint and writes them again.
func checkKeys(t *testing.T, f *tx.Frame) {
	t.Helper()
	fp := f.Data().Resources.Footprint
	for _, list := range [][]xdr.LedgerKey{fp.ReadOnly, fp.ReadWrite} {
		for _, lk := range list {
			k := ledger.KeyOf(lk)
			again, err := k.LedgerKey()
			if err != nil || ledger.KeyOf(again) != k || k.Type() != lk.Type {
				t.Errorf("key %x of %s: %v", k, f.Hash.HexString(), err)
			}
			contract := lk.Type == xdr.LedgerEntryTypeContractData || lk.Type == xdr.LedgerEntryTypeContractCode
			if k.HasTTL() != contract || k.Temporary() != (lk.ContractData != nil && lk.ContractData.Durability == xdr.ContractDataDurabilityTemporary) {
				t.Errorf("key %x of %s: has a lifetime: %v, temporary: %v", k, f.Hash.HexString(), k.HasTTL(), k.Temporary())
			}
		}
	}
}

// The transactions, results, metas, events, headers, ledgers and entries in the published examples of Stellar RPC are read and written
// again to the byte.
func TestRealTransactions(t *testing.T) {
	raw, err := os.ReadFile("testdata/openrpc/stellar-rpc.openrpc.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	type value interface {
		xdr.DecoderFrom
		MarshalBinary() ([]byte, error)
	}
	kinds := map[string]func() value{
		"envelopeXdr":          func() value { return new(xdr.TransactionEnvelope) },
		"resultXdr":            func() value { return new(xdr.TransactionResult) },
		"resultMetaXdr":        func() value { return new(xdr.TransactionMeta) },
		"metadataXdr":          func() value { return new(xdr.LedgerCloseMeta) },
		"diagnosticEventsXdr":  func() value { return new(xdr.DiagnosticEvent) },
		"contractEventsXdr":    func() value { return new(xdr.ContractEvent) },
		"transactionEventsXdr": func() value { return new(xdr.TransactionEvent) },
	}
	seen := map[string]int{}
	var walk func(v any, name string)
	walk = func(v any, name string) {
		switch v := v.(type) {
		case map[string]any:
			for n, e := range v {
				walk(e, n)
			}
		case []any:
			for _, e := range v {
				walk(e, name)
			}
		case string:
			if kinds[name] == nil || strings.Contains(v, " ") { // a description
				return
			}
			seen[name]++
			b, err := base64.StdEncoding.DecodeString(v)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			some := kinds[name]()
			if err := xdr.SafeUnmarshal(b, some); err != nil {
				t.Errorf("%s %.60s…: %v", name, v, err)
				return
			}
			if again, err := some.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%s %.60s…: written again it is another, %v", name, v, err)
			}
			if e, ok := some.(*xdr.TransactionEnvelope); ok {
				if f, err := tx.ParseBase64(v, network.TestNetworkPassphrase); err != nil {
					t.Errorf("%s %.60s…: %v", name, v, err)
				} else if f.Size != len(b) && e.Type != xdr.EnvelopeTypeEnvelopeTypeTxV0 {
					t.Errorf("%s: read as %d bytes of %d", name, f.Size, len(b))
				}
			}
			if m, ok := some.(*xdr.LedgerCloseMeta); ok {
				checkHashes(t, *m)
			}
		}
	}
	walk(doc, "")
	for name := range kinds {
		if seen[name] == 0 {
			t.Errorf("the examples have no %s", name)
		}
	}
}
