package rpc

import (
	"context"
	"fmt"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

func (s *Server) getEvents(_ context.Context, q protocol.GetEventsRequest) (protocol.GetEventsResponse, error) {
	if err := checkFormat(q.Format); err != nil {
		return protocol.GetEventsResponse{}, invalidParams(err)
	}
	if err := q.Valid(maxEvents); err != nil {
		return protocol.GetEventsResponse{}, invalidParams(err)
	}
	at, err := s.span()
	if err != nil {
		return protocol.GetEventsResponse{}, err
	}
	start, limit := protocol.Cursor{Ledger: q.StartLedger}, uint(defaultEvents)
	if p := q.Pagination; p != nil {
		if p.Cursor != nil {
			start = *p.Cursor
			start.Event++
		}
		if p.Limit > 0 {
			limit = p.Limit
		}
	}
	if start.Ledger < at.first || start.Ledger > at.last.Sequence() {
		return protocol.GetEventsResponse{}, invalidRequest(fmt.Errorf("startLedger must be within the ledger range: %d - %d", at.first, at.last.Sequence()))
	}
	end := min(start.Ledger+eventScanLedgers, at.last.Sequence()+1)
	if q.EndLedger != 0 {
		end = min(end, q.EndLedger)
	}
	res := protocol.GetEventsResponse{Events: []protocol.EventInfo{}, LatestLedger: at.last.Sequence(), OldestLedger: at.first,
		LatestLedgerCloseTime: at.last.CloseTime(), OldestLedgerCloseTime: at.firstTime}
	size := 0
	for e, err := range s.net.Chain().Events(place(start), ledger.EventPlace{Ledger: end}, ofContracts(q)) {
		if err != nil {
			return res, err
		}
		if !q.Matches(xdr.DiagnosticEvent{InSuccessfulContractCall: e.Successful, Event: e.Event}) {
			continue
		}
		info, err := eventInfo(e)
		if err != nil {
			return res, err
		}
		size += eventFrame + len(info.ValueXDR)
		for _, t := range info.TopicXDR {
			size += len(t)
		}
		if res.Events = append(res.Events, info); uint(len(res.Events)) == limit || size >= s.limits.pageBytes {
			res.Cursor = info.ID
			return res, nil
		}
	}
	// All up to the end has been looked at.
	last := protocol.MaxCursor
	last.Ledger = end - 1
	res.Cursor = last.String()
	return res, nil
}

// ofContracts tells whether a request can want events of a contract (nil: of none), so that others need not be read.
func ofContracts(q protocol.GetEventsRequest) func(*xdr.ContractId) bool {
	wanted := map[xdr.ContractId]bool{}
	all := len(q.Filters) == 0
	for _, f := range q.Filters {
		all = all || len(f.ContractIDs) == 0
		for _, id := range f.ContractIDs {
			if raw, err := strkey.Decode(strkey.VersionByteContract, id); err == nil { // no event is of one that is none
				wanted[xdr.ContractId(raw)] = true
			}
		}
	}
	return func(contract *xdr.ContractId) bool { return all || contract != nil && wanted[*contract] }
}

// eventFrame is about how long the JSON of an event is without its topics and value, in bytes.
const eventFrame = 450

func place(c protocol.Cursor) ledger.EventPlace {
	return ledger.EventPlace{Ledger: c.Ledger, Tx: c.Tx, Op: c.Op, Index: c.Event}
}

func eventInfo(e ledger.Event) (protocol.EventInfo, error) {
	cursor := protocol.Cursor{Ledger: e.At.Ledger, Tx: e.At.Tx, Op: e.At.Op, Event: e.At.Index}
	//lint:ignore SA1019 clients of today read the field
	info := protocol.EventInfo{InSuccessfulContractCall: e.Successful, EventType: protocol.GetEventTypeFromEventTypeXDR()[e.Event.Type], Ledger: int32(e.At.Ledger),
		LedgerClosedAt: time.Unix(e.CloseTime, 0).UTC().Format(time.RFC3339), ID: cursor.String(), OpIndex: e.At.Op, TxIndex: e.At.Tx,
		TransactionHash: e.Tx.HexString()}
	if e.Event.ContractId != nil {
		info.ContractID = strkey.MustEncode(strkey.VersionByteContract, e.Event.ContractId[:])
	}
	var err error
	if info.TopicXDR, err = base64List(e.Event.Body.V0.Topics); err == nil {
		info.ValueXDR, err = xdr.MarshalBase64(e.Event.Body.V0.Data)
	}
	return info, err
}
