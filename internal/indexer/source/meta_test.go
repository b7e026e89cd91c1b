package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

var (
	ours   = xdr.ContractId{1}
	theirs = xdr.ContractId{2}
)

// everything is a ledger with all that can be in one: calls, payments, failures, fee bumps, and events of no operation.
func everything(t testing.TB, f *sourcetest.Chain) xdr.LedgerCloseMeta {
	lumens := sourcetest.AssetContract(t, xdr.MustNewNativeAsset())
	staged := func(stages ...xdr.TransactionEventStage) (all []xdr.TransactionEvent) {
		for _, s := range stages {
			all = append(all, xdr.TransactionEvent{Stage: s, Event: sourcetest.Said(lumens, "fee", fmt.Sprint(s))})
		}
		return all
	}
	const before, afterTx, afterAll = xdr.TransactionEventStageTransactionEventStageBeforeAllTxs, xdr.TransactionEventStageTransactionEventStageAfterTx,
		xdr.TransactionEventStageTransactionEventStageAfterAllTxs
	system := sourcetest.Said(ours, "system")
	system.Type = xdr.ContractEventTypeSystem
	nobodys := sourcetest.Said(ours, "nobody's")
	nobodys.ContractId = nil
	return f.Next(1_700_000_000,
		sourcetest.Tx{Meta: 3, Call: []xdr.ContractEvent{sourcetest.Said(theirs, "a"), sourcetest.Said(ours, "b"), system, nobodys, sourcetest.Said(ours, "c")}},
		sourcetest.Tx{Meta: 3},
		sourcetest.Tx{Meta: 3, Failed: true, Call: []xdr.ContractEvent{sourcetest.Said(ours, "undone")}},
		sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, "d"), sourcetest.Said(theirs, "e"), sourcetest.Said(ours, "f")}, Staged: staged(before, afterAll, afterTx, afterTx)},
		sourcetest.Tx{Meta: 4, Bump: true, Call: []xdr.ContractEvent{sourcetest.Said(ours, "g")}, Staged: staged(before)},
		sourcetest.Tx{Meta: 4, Failed: true, Payment: [][]xdr.ContractEvent{{sourcetest.Said(lumens, "undone", "native")}}, Staged: staged(before, afterTx)},
		sourcetest.Tx{Meta: 4, Payment: [][]xdr.ContractEvent{{}, {sourcetest.Said(lumens, "transfer", "native")}}, Staged: staged(afterAll)},
	)
}

// forge changes a sound ledger's bytes, which hold old once.
func forge(t testing.TB, meta xdr.LedgerCloseMeta, old, changed []byte) []byte {
	t.Helper()
	raw := sourcetest.Encoded(meta)
	if n := bytes.Count(raw, old); n != 1 || len(old) != len(changed) {
		t.Fatalf("%x is there %d times", old, n)
	}
	return bytes.Replace(raw, old, changed, 1)
}

// readMeta is a ledger that can be read.
func readMeta(t testing.TB, raw []byte) *source.Meta {
	t.Helper()
	m, err := source.ReadMeta(bytes.Clone(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Each form of a ledger is read as the plain way reads it, and is sound.
func TestEventsOfEveryForm(t *testing.T) {
	lumens := sourcetest.AssetContract(t, xdr.MustNewNativeAsset())
	for version := range int32(3) {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			f := &sourcetest.Chain{Version: version, Protocol: 23, Last: xdr.LedgerHeaderHistoryEntry{Hash: xdr.Hash{9}, Header: xdr.LedgerHeader{LedgerSeq: 99}}}
			raw := sourcetest.Encoded(everything(t, f))
			m := readMeta(t, raw)
			if err := m.Verify(); err != nil {
				t.Error(err)
			}
			if m.Sequence != 100 || m.CloseTime != 1_700_000_000 || m.Protocol != 23 || m.Hash != stellar.Hash(f.Last.Hash) || m.Previous != (stellar.Hash{9}) ||
				!bytes.Equal(m.Bytes(), raw) {
				t.Errorf("%+v", m.Link())
			}
			want := sourcetest.Reference(sourcetest.Decoded(t, raw))
			for what, c := range map[string]struct {
				contracts map[xdr.ContractId]bool
				want      int
			}{
				"ours": {map[xdr.ContractId]bool{ours: true}, 5}, "both": {map[xdr.ContractId]bool{ours: true, theirs: true}, 7},
				"lumens": {map[xdr.ContractId]bool{lumens: true}, 9}, "none": {nil, 0},
			} {
				got, err := m.Events(sourcetest.Network(t), c.contracts)
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != c.want {
					t.Errorf("%s: %d events, want %d", what, len(got), c.want)
				}
				if diff := cmp.Diff(sourcetest.Lines(t, sourcetest.Of(want, c.contracts)), sourcetest.Lines(t, got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

// The ids are those that Stellar RPC gives: written out here once.
func TestIDs(t *testing.T) {
	f := &sourcetest.Chain{Version: 2, Protocol: 23, Last: xdr.LedgerHeaderHistoryEntry{Header: xdr.LedgerHeader{LedgerSeq: 99}}}
	m := readMeta(t, sourcetest.Encoded(everything(t, f)))
	events, err := m.Events(sourcetest.Network(t), map[xdr.ContractId]bool{ours: true, sourcetest.AssetContract(t, xdr.MustNewNativeAsset()): true})
	if err != nil {
		t.Fatal(err)
	}
	const ledger = 100 << 32
	at := func(tx, op, n int) string { return fmt.Sprintf("%019d-%010d", ledger|tx<<12|op, n) }
	want := []string{
		at(0, 0, 0), at(0, 0, 1), at(0, 0, 2), // fees are taken before all
		at(1, 0, 1), at(1, 0, 4), at(4, 0, 0), at(4, 0, 2), at(4, 4095, 0), at(4, 4095, 1), at(5, 0, 0), at(6, 4095, 0), at(7, 1, 0),
		at(1<<20-1, 0, 0), at(1<<20-1, 0, 1), // given back after all
	}
	var got []string
	for _, e := range events {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is changed in a ledger shows: in a hash, or because what has none can only be an asset's.
func TestChangesShow(t *testing.T) {
	begin := func() *sourcetest.Chain {
		return &sourcetest.Chain{Version: 2, Protocol: 23, Last: xdr.LedgerHeaderHistoryEntry{Header: xdr.LedgerHeader{LedgerSeq: 99}}}
	}
	for _, c := range []struct {
		name string
		raw  func(t *testing.T) []byte
		want string // in Verify's error
		odd  string // else in Events'
	}{
		{"the close time", func(t *testing.T) []byte {
			return forge(t, begin().Next(0x6566676869), []byte{0, 0, 0, 0x65, 0x66, 0x67, 0x68, 0x69}, []byte{0, 0, 0, 0x65, 0x66, 0x67, 0x68, 0x6a})
		}, "its header has the hash", ""},
		{"the hash", func(t *testing.T) []byte {
			meta := begin().Next(1)
			meta.V2.LedgerHeader.Hash[0]++
			return sourcetest.Encoded(meta)
		}, "its header has the hash", ""},
		{"a transaction", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 4})
			(*meta.V2.TxSet.V1TxSet.Phases[0].V0Components)[0].TxsMaybeDiscountedFee.Txs[0].V1.Tx.SeqNum++
			return sourcetest.Encoded(meta)
		}, "its set of transactions", ""},
		{"a transaction of before protocol 20", func(t *testing.T) []byte {
			f := begin()
			f.Version = 0
			meta := f.Next(1, sourcetest.Tx{Meta: 4})
			meta.V0.TxSet.Txs[0].V1.Tx.SeqNum++
			return sourcetest.Encoded(meta)
		}, "its set of transactions", ""},
		{"a result", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 4})
			meta.V2.TxProcessing[0].Result.Result.FeeCharged++
			return sourcetest.Encoded(meta)
		}, "its list of results", ""},
		{"a transaction left out", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 4}, sourcetest.Tx{Meta: 4})
			meta.V2.TxProcessing = meta.V2.TxProcessing[:1]
			return sourcetest.Encoded(meta)
		}, "its list of results", ""},
		{"an event", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, "paid")}})
			return forge(t, meta, []byte("paid"), []byte("Paid"))
		}, "what the contract announced", ""},
		{"an event of before protocol 23", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 3, Call: []xdr.ContractEvent{sourcetest.Said(ours, "paid")}})
			return forge(t, meta, []byte("paid"), []byte("Paid"))
		}, "what the contract announced", ""},
		{"an event left out", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, "paid"), sourcetest.Said(ours, "more")}})
			meta.V2.TxProcessing[0].TxApplyProcessing.V4.Operations[0].Events = []xdr.ContractEvent{sourcetest.Said(ours, "paid")}
			return sourcetest.Encoded(meta)
		}, "what the contract announced", ""},
		{"all of a call's meta left out", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, "paid")}})
			meta.V2.TxProcessing[0].TxApplyProcessing.V4.SorobanMeta = nil
			return sourcetest.Encoded(meta)
		}, "what the contract announced", ""},
		{"a call's meta in a form without events", func(t *testing.T) []byte {
			meta := begin().Next(1, sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, "paid")}})
			meta.V2.TxProcessing[0].TxApplyProcessing = xdr.TransactionMeta{V: 2, V2: &xdr.TransactionMetaV2{}}
			return sourcetest.Encoded(meta)
		}, "what the contract announced", ""},
		{"an event put into a payment", func(t *testing.T) []byte {
			return sourcetest.Encoded(begin().Next(1, sourcetest.Tx{Meta: 4, Payment: [][]xdr.ContractEvent{{sourcetest.Said(ours, "paid")}}}))
		}, "", "outside of a contract call"},
		{"an event put into a payment, with an asset's name", func(t *testing.T) []byte {
			return sourcetest.Encoded(begin().Next(1, sourcetest.Tx{Meta: 4, Payment: [][]xdr.ContractEvent{{sourcetest.Said(ours, "paid", "native")}}}))
		}, "", "not of the contract of native"},
		{"an event put into a payment, with no asset's name", func(t *testing.T) []byte {
			return sourcetest.Encoded(begin().Next(1, sourcetest.Tx{Meta: 4, Payment: [][]xdr.ContractEvent{{sourcetest.Said(ours, "paid", "USD:nobody")}}}))
		}, "", "no contract event"},
		{"an event of a payment without topics", func(t *testing.T) []byte {
			return sourcetest.Encoded(begin().Next(1, sourcetest.Tx{Meta: 4, Payment: [][]xdr.ContractEvent{{sourcetest.Said(ours)}}}))
		}, "", "outside of a contract call"},
		{"an event put beside the fees", func(t *testing.T) []byte {
			return sourcetest.Encoded(begin().Next(1, sourcetest.Tx{Meta: 4, Staged: []xdr.TransactionEvent{{Event: sourcetest.Said(ours, "paid")}}}))
		}, "", "not of the contract of native"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := readMeta(t, c.raw(t))
			err := m.Verify()
			var mismatch *source.MismatchError
			if c.want != "" {
				if !errors.As(err, &mismatch) || mismatch.Ledger != 100 || !errors.Is(err, rpc.ErrAnswer) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("verified: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("verified: %v", err)
			}
			if events, err := m.Events(sourcetest.Network(t), map[xdr.ContractId]bool{ours: true}); !errors.Is(err, rpc.ErrAnswer) || !strings.Contains(err.Error(), c.odd) {
				t.Errorf("%d events, %v", len(events), err)
			}
			// Whoever does not follow the contract is not stopped by it.
			if _, err := m.Events(sourcetest.Network(t), map[xdr.ContractId]bool{theirs: true}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBytesThatAreNoLedger(t *testing.T) {
	f := &sourcetest.Chain{Version: 2, Protocol: 23, Last: xdr.LedgerHeaderHistoryEntry{Header: xdr.LedgerHeader{LedgerSeq: 99}}}
	whole := sourcetest.Encoded(everything(t, f))
	for n := range whole {
		if m, err := source.ReadMeta(whole[:n]); !errors.Is(err, rpc.ErrAnswer) {
			t.Fatalf("%d of %d bytes: %+v, %v", n, len(whole), m, err)
		}
	}
	f.Last.Header.LedgerSeq = 1<<31 - 1
	beyond := sourcetest.Encoded(f.Next(1))
	f.Last.Header.LedgerSeq = 1<<32 - 1
	zero := sourcetest.Encoded(f.Next(1))
	for what, raw := range map[string][]byte{
		"more bytes": append(bytes.Clone(whole), 0, 0, 0, 0), "version 3": append([]byte{0, 0, 0, 3}, whole[4:]...), "beyond all ledgers": beyond, "ledger 0": zero,
	} {
		if m, err := source.ReadMeta(raw); !errors.Is(err, rpc.ErrAnswer) {
			t.Errorf("%s: %+v, %v", what, m, err)
		}
	}
}

// FuzzMeta: bytes of strangers never make the reader panic, and whatever decodes is read as it decodes.
func FuzzMeta(f *testing.F) {
	for version := range int32(3) {
		forgery := &sourcetest.Chain{Version: version, Protocol: 23, Last: xdr.LedgerHeaderHistoryEntry{Header: xdr.LedgerHeader{LedgerSeq: 99}}}
		f.Add(sourcetest.Encoded(everything(f, forgery)))
		f.Add(sourcetest.Encoded(forgery.Next(2)))
	}
	network := sourcetest.Network(f)
	followed := map[xdr.ContractId]bool{ours: true, theirs: true, sourcetest.AssetContract(f, xdr.MustNewNativeAsset()): true}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := source.ReadMeta(raw)
		if err != nil {
			if !errors.Is(err, rpc.ErrAnswer) {
				t.Fatalf("of no kind: %v", err)
			}
			return
		}
		_ = m.Verify()
		got, err := m.Events(network, followed)
		if err != nil {
			if !errors.Is(err, rpc.ErrAnswer) {
				t.Fatalf("of no kind: %v", err)
			}
			return
		}
		var meta xdr.LedgerCloseMeta
		if xdr.SafeUnmarshal(raw, &meta) != nil {
			return // something that nobody asked for is malformed
		}
		if diff := cmp.Diff(sourcetest.Lines(t, sourcetest.Of(sourcetest.Reference(meta), followed)), sourcetest.Lines(t, got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
