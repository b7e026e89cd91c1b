package rpc

import (
	"context"
	"slices"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// How many ledgers the two statistics look back (the real server's defaults).
const (
	classicFeeLedgers = 10
	sorobanFeeLedgers = 50
)

func (s *Server) getFeeStats(context.Context, protocol.GetFeeStatsRequest) (res protocol.GetFeeStatsResponse, err error) {
	last, err := s.net.Last()
	if err != nil {
		return res, err
	}
	res.LatestLedger = last.Sequence()
	if res.SorobanInclusionFee, err = s.feesOf(last.Sequence(), sorobanFeeLedgers, true); err == nil {
		res.InclusionFee, err = s.feesOf(last.Sequence(), classicFeeLedgers, false)
	}
	return res, err
}

func (s *Server) feesOf(last, ledgers uint32, contract bool) (protocol.FeeDistribution, error) {
	first := last - min(last-1, ledgers) + 1
	var fees []uint64
	for seq := range s.net.Chain().Filled(first, last) {
		meta, _, err := s.net.Chain().Ledger(seq)
		if err != nil {
			return protocol.FeeDistribution{}, err
		}
		reader, err := newTxReader(meta, s.net.Passphrase())
		if err != nil {
			return protocol.FeeDistribution{}, err
		}
		for _, t := range meta.V2.TxProcessing {
			envelope := reader.envelopes[t.Result.TransactionHash]
			if fee, ok := inclusionFee(t, envelope.Operations(), contract); ok {
				fees = append(fees, fee)
			}
		}
	}
	d := distribution(fees)
	d.LedgerCount = last - first + 1
	return d, nil
}

// inclusionFee is what was charged beyond resources, in stroops: of a transaction with contracts as a whole, of another by the operation. It answers false for one
// of the other kind, and for one with contracts that does not say what its resources cost.
func inclusionFee(t xdr.TransactionResultMetaV1, operations []xdr.Operation, contract bool) (fee uint64, ok bool) {
	charged := int64(t.Result.Result.FeeCharged)
	if tx.ContractOperation(operations[0].Body.Type) {
		m := t.TxApplyProcessing.V4.SorobanMeta
		if !contract || m == nil || m.Ext.V1 == nil {
			return 0, false
		}
		return uint64(charged - int64(m.Ext.V1.TotalNonRefundableResourceFeeCharged) - int64(m.Ext.V1.TotalRefundableResourceFeeCharged)), true
	}
	return uint64(charged) / uint64(len(operations)), !contract
}

func distribution(fees []uint64) (d protocol.FeeDistribution) {
	if len(fees) == 0 {
		return d
	}
	slices.Sort(fees)
	rank := func(p int) uint64 { return fees[(p*len(fees)+99)/100-1] } // nearest rank
	d = protocol.FeeDistribution{Max: fees[len(fees)-1], Min: fees[0], P10: rank(10), P20: rank(20), P30: rank(30), P40: rank(40),
		P50: rank(50), P60: rank(60), P70: rank(70), P80: rank(80), P90: rank(90), P95: rank(95), P99: rank(99),
		TransactionCount: uint32(len(fees))}
	run, best := 0, 0
	for i, f := range fees {
		if i > 0 && f != fees[i-1] {
			run = 0
		}
		if run++; run > best {
			best, d.Mode = run, f
		}
	}
	return d
}
