package rpc

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/creachadair/jrpc2"
	"github.com/stellar/go-stellar-sdk/network"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

func (s *Server) sendTransaction(ctx context.Context, q protocol.SendTransactionRequest) (protocol.SendTransactionResponse, error) {
	if err := checkFormat(q.Format); err != nil {
		return protocol.SendTransactionResponse{}, invalidParams(err)
	}
	f, err := tx.ParseBase64(q.Transaction, s.net.Passphrase())
	if err != nil {
		return protocol.SendTransactionResponse{}, &jrpc2.Error{Code: jrpc2.InvalidParams, Message: "invalid_xdr"}
	}
	sent, err := s.net.Send(ctx, f)
	if err != nil {
		return protocol.SendTransactionResponse{}, err
	}
	res := protocol.SendTransactionResponse{Status: string(sent.Status), Hash: f.Hash.HexString(),
		LatestLedger: sent.Last.Sequence(), LatestLedgerCloseTime: sent.Last.CloseTime()}
	if sent.Status != node.StatusError {
		return res, nil
	}
	if res.ErrorResultXDR, err = xdr.MarshalBase64(sent.Verdict.Result); err == nil {
		res.DiagnosticEventsXDR, err = base64List(sent.Verdict.Diagnostics)
	}
	return res, err
}

// base64List encodes values; none give nil.
func base64List[T any](list []T) ([]string, error) {
	var out []string
	for _, v := range list {
		text, err := xdr.MarshalBase64(v)
		if err != nil {
			return nil, fmt.Errorf("encode a %T: %w", v, err)
		}
		out = append(out, text)
	}
	return out, nil
}

func (s *Server) getTransaction(_ context.Context, q protocol.GetTransactionRequest) (protocol.GetTransactionResponse, error) {
	if err := checkFormat(q.Format); err != nil {
		return protocol.GetTransactionResponse{}, invalidParams(err)
	}
	if hex.DecodedLen(len(q.Hash)) != len(xdr.Hash{}) {
		return protocol.GetTransactionResponse{}, invalidParams(fmt.Errorf("unexpected hash length (%d)", len(q.Hash)))
	}
	var hash xdr.Hash
	if _, err := hex.Decode(hash[:], []byte(q.Hash)); err != nil {
		return protocol.GetTransactionResponse{}, invalidParams(fmt.Errorf("incorrect hash: %w", err))
	}
	place, found := s.net.Chain().Transaction(hash)
	at, err := s.span()
	if err != nil {
		return protocol.GetTransactionResponse{}, err
	}
	res := protocol.GetTransactionResponse{LatestLedger: at.last.Sequence(), LatestLedgerCloseTime: at.last.CloseTime(),
		OldestLedger: at.first, OldestLedgerCloseTime: at.firstTime}
	if !found {
		res.TransactionDetails = protocol.TransactionDetails{Status: protocol.TransactionStatusNotFound, TransactionHash: q.Hash}
		return res, nil
	}
	meta, _, err := s.net.Chain().Ledger(place.Ledger)
	if err != nil {
		return res, err
	}
	reader, err := newTxReader(meta, s.net.Passphrase())
	if err != nil {
		return res, err
	}
	res.LedgerCloseTime = meta.LedgerCloseTime()
	res.TransactionDetails, err = reader.details(place.Index)
	res.TransactionHash = q.Hash
	return res, err
}

// txReader describes the transactions of one ledger.
type txReader struct {
	meta      xdr.LedgerCloseMeta
	envelopes map[xdr.Hash]xdr.TransactionEnvelope
}

func newTxReader(meta xdr.LedgerCloseMeta, passphrase string) (*txReader, error) {
	r := &txReader{meta: meta, envelopes: map[xdr.Hash]xdr.TransactionEnvelope{}}
	for _, e := range meta.TransactionEnvelopes() { // in the order of the set, not of application
		hash, err := network.HashTransactionInEnvelope(e, passphrase)
		if err != nil {
			return nil, fmt.Errorf("hash a transaction of ledger %d: %w", meta.LedgerSequence(), err)
		}
		r.envelopes[hash] = e
	}
	return r, nil
}

// details describes the i-th applied transaction, from 0.
func (r *txReader) details(i int) (d protocol.TransactionDetails, err error) {
	t := r.meta.V2.TxProcessing[i]
	envelope := r.envelopes[t.Result.TransactionHash]
	d = protocol.TransactionDetails{Status: protocol.TransactionStatusFailed, TransactionHash: t.Result.TransactionHash.HexString(),
		ApplicationOrder: int32(i + 1), FeeBump: envelope.IsFeeBump(), Ledger: r.meta.LedgerSequence()}
	if t.Result.Successful() {
		d.Status = protocol.TransactionStatusSuccess
	}
	var errs [6]error
	d.EnvelopeXDR, errs[0] = xdr.MarshalBase64(envelope)
	d.ResultXDR, errs[1] = xdr.MarshalBase64(t.Result.Result)
	d.ResultMetaXDR, errs[2] = xdr.MarshalBase64(t.TxApplyProcessing)
	v4 := t.TxApplyProcessing.V4
	d.DiagnosticEventsXDR, errs[3] = base64List(v4.DiagnosticEvents)
	d.Events.TransactionEventsXDR, errs[4] = base64List(v4.Events)
	for _, op := range v4.Operations {
		list, err := base64List(op.Events)
		if list == nil {
			list = []string{}
		}
		d.Events.ContractEventsXDR = append(d.Events.ContractEventsXDR, list)
		errs[5] = errors.Join(errs[5], err)
	}
	return d, errors.Join(errs[:]...)
}

func (s *Server) getTransactions(_ context.Context, q protocol.GetTransactionsRequest) (protocol.GetTransactionsResponse, error) {
	at, err := s.span()
	if err != nil {
		return protocol.GetTransactionsResponse{}, err
	}
	if err := errors.Join(q.IsValid(maxTransactions, at.seq()), noJSON(q.Format)); err != nil {
		return protocol.GetTransactionsResponse{}, invalidRequest(err)
	}
	start, limit, err := transactionPage(q)
	if err != nil {
		return protocol.GetTransactionsResponse{}, invalidParams(err)
	}
	first := uint32(start.LedgerSequence)
	if first < at.first {
		return protocol.GetTransactionsResponse{}, invalidParams(fmt.Errorf("database does not contain metadata for ledger: %d", first))
	}
	res := protocol.GetTransactionsResponse{Transactions: []protocol.TransactionInfo{},
		LatestLedger: at.last.Sequence(), LatestLedgerCloseTime: at.last.CloseTime(),
		OldestLedger: at.first, OldestLedgerCloseTime: at.firstTime, Cursor: "0"}
	if first > at.last.Sequence() {
		return res, nil // "0" is what the real server says after a cursor of the future
	}
	// When nothing more is there, the cursor says so for all ledgers up to the last.
	cursor := toid.New(int32(at.last.Sequence()), 0, 1)
	if meta, ok, err := s.net.Chain().Ledger(at.last.Sequence()); err == nil && ok {
		// After the last transaction of the last ledger the real server's cursor is at its beginning: who goes on there gets that ledger's again.
		if n := int32(meta.CountTransactions()); first < at.last.Sequence() || start.TransactionOrder <= n {
			cursor.TransactionOrder = n
		}
	}
	size := 0
	for seq := range s.net.Chain().Filled(first, at.last.Sequence()) {
		meta, _, err := s.net.Chain().Ledger(seq)
		if err != nil {
			return res, err
		}
		reader, err := newTxReader(meta, s.net.Passphrase())
		if err != nil {
			return res, err
		}
		from := 0
		if seq == first {
			from = int(start.TransactionOrder) - 1
		}
		for i := max(from, 0); i < meta.CountTransactions(); i++ {
			d, err := reader.details(i)
			if err != nil {
				return res, err
			}
			res.Transactions = append(res.Transactions, protocol.TransactionInfo{TransactionDetails: d, LedgerCloseTime: meta.LedgerCloseTime()})
			size += detailBytes(d)
			if uint(len(res.Transactions)) == limit || size >= s.limits.pageBytes {
				res.Cursor = toid.New(int32(seq), int32(i+1), 1).String()
				return res, nil
			}
		}
	}
	res.Cursor = cursor.String()
	return res, nil
}

// detailBytes is about how long the JSON of a transaction is.
func detailBytes(d protocol.TransactionDetails) int {
	n := len(d.EnvelopeXDR) + len(d.ResultXDR) + len(d.ResultMetaXDR)
	for _, list := range append(d.Events.ContractEventsXDR, d.DiagnosticEventsXDR, d.Events.TransactionEventsXDR) {
		for _, text := range list {
			n += len(text)
		}
	}
	return n
}

// transactionPage is where to begin, and how many to list.
func transactionPage(q protocol.GetTransactionsRequest) (start toid.ID, limit uint, err error) {
	if q.StartLedger > math.MaxInt32 {
		return start, 0, errors.New("startLedger exceeds supported range")
	}
	start, limit = *toid.New(int32(q.StartLedger), 1, 1), defaultTransactions
	if p := q.Pagination; p != nil {
		if p.Cursor != "" {
			id, err := strconv.ParseInt(p.Cursor, 10, 64)
			if err != nil {
				return start, 0, err
			}
			if id < 0 {
				return start, 0, errors.New("cursor ledger sequence cannot be negative")
			}
			start = toid.Parse(id)
			start.TransactionOrder++
		}
		if p.Limit > 0 {
			limit = p.Limit
		}
	}
	return start, limit, nil
}
