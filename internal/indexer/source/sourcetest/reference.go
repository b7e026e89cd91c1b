package sourcetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Decoded is a ledger decoded whole, as the slow and plain way to its events.
func Decoded(t testing.TB, raw []byte) xdr.LedgerCloseMeta {
	t.Helper()
	var meta xdr.LedgerCloseMeta
	if err := xdr.SafeUnmarshal(raw, &meta); err != nil {
		t.Fatal(err)
	}
	return meta
}

// Reference finds the events of contracts in a decoded ledger, and orders them by their ids at the end.
func Reference(meta xdr.LedgerCloseMeta) []rpc.Event {
	var all []rpc.Event
	add := func(i int, tx, op, n uint32, e xdr.ContractEvent) {
		if e.Type != xdr.ContractEventTypeContract || e.ContractId == nil {
			return
		}
		all = append(all, rpc.Event{
			ID:     fmt.Sprintf("%019d-%010d", uint64(meta.LedgerSequence())<<32|uint64(tx)<<12|uint64(op), n),
			Ledger: rpc.Ledger{Sequence: meta.LedgerSequence(), CloseTime: uint64(meta.LedgerCloseTime())},
			Tx:     stellar.Hash(meta.TransactionHash(i)), TxIndex: tx, OpIndex: op, Contract: stellar.Address{Contract: true, Key: *e.ContractId}, Event: e,
		})
	}
	before, after := uint32(0), uint32(0)
	for i := range meta.CountTransactions() {
		tx := uint32(i + 1)
		ok := meta.TransactionResultPair(i).Successful()
		apply := meta.TxApplyProcessing(i)
		if v3 := apply.V3; v3 != nil && v3.SorobanMeta != nil && ok {
			for n, e := range v3.SorobanMeta.Events {
				add(i, tx, 0, uint32(n), e)
			}
		}
		v4 := apply.V4
		if v4 == nil {
			continue
		}
		for op, o := range v4.Operations {
			for n, e := range o.Events {
				if ok {
					add(i, tx, uint32(op), uint32(n), e)
				}
			}
		}
		afterTx := uint32(0)
		for _, e := range v4.Events {
			switch e.Stage {
			case xdr.TransactionEventStageTransactionEventStageBeforeAllTxs:
				add(i, 0, 0, before, e.Event)
				before++
			case xdr.TransactionEventStageTransactionEventStageAfterTx:
				add(i, tx, 1<<12-1, afterTx, e.Event)
				afterTx++
			case xdr.TransactionEventStageTransactionEventStageAfterAllTxs:
				add(i, 1<<20-1, 0, after, e.Event)
				after++
			}
		}
	}
	slices.SortStableFunc(all, func(a, b rpc.Event) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// ContractsOf are those of the events, up to n of them; 0: all.
func ContractsOf(events []rpc.Event, n int) map[xdr.ContractId]bool {
	ids := map[xdr.ContractId]bool{}
	for _, e := range events {
		if n == 0 || len(ids) < n {
			ids[e.Contract.Key] = true
		}
	}
	return ids
}

// Of are the events of the contracts.
func Of(events []rpc.Event, contracts map[xdr.ContractId]bool) []rpc.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e rpc.Event) bool { return !contracts[e.Contract.Key] })
}

// line is an event in all its parts, with its bytes.
func line(t testing.TB, e rpc.Event) string {
	t.Helper()
	body, err := e.Event.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if e.Raw != nil && !bytes.Equal(e.Raw, body) {
		t.Errorf("event %s: its bytes are kept as %x, they are %x", e.ID, e.Raw, body)
	}
	return fmt.Sprintf("%s ledger %d at %d tx %s %d.%d %s %x", e.ID, e.Ledger.Sequence, e.Ledger.CloseTime, e.Tx, e.TxIndex, e.OpIndex, e.Contract, body)
}

// Lines are events in all their parts, to be compared.
func Lines(t testing.TB, events []rpc.Event) []string {
	t.Helper()
	all := make([]string, len(events))
	for i, e := range events {
		all[i] = line(t, e)
	}
	return all
}
