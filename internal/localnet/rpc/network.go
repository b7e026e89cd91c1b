package rpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/creachadair/jrpc2"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// span is the ledgers that can be asked for.
type span struct {
	first     uint32
	firstTime int64
	last      ledger.Closed
}

func (s *Server) span() (span, error) {
	last, err := s.net.Last()
	if err != nil {
		return span{}, err
	}
	firstTime, err := s.firstTime()
	return span{first: ledger.FirstLedger, firstTime: firstTime, last: last}, err
}

func (s span) seq() protocol.LedgerSeqRange {
	return protocol.LedgerSeqRange{FirstLedger: s.first, LastLedger: s.last.Sequence()}
}

func (s *Server) getHealth(context.Context, protocol.GetHealthRequest) (protocol.GetHealthResponse, error) {
	at, err := s.span()
	return protocol.GetHealthResponse{Status: "healthy", LatestLedger: at.last.Sequence(), LatestLedgerCloseTime: at.last.CloseTime(),
		OldestLedger: at.first, OldestLedgerCloseTime: at.firstTime, LedgerRetentionWindow: retentionLedgers}, err
}

func (s *Server) getNetwork(_ context.Context, q networkRequest) (protocol.GetNetworkResponse, error) {
	res := protocol.GetNetworkResponse{Passphrase: s.net.Passphrase(), ProtocolVersion: int(s.net.Chain().Last().Header.LedgerVersion)}
	if q.Host != "" {
		res.FriendbotURL = "http://" + q.Host + "/friendbot"
	}
	return res, nil
}

func (s *Server) getVersionInfo(context.Context, protocol.GetVersionInfoRequest) (protocol.GetVersionInfoResponse, error) {
	return protocol.GetVersionInfoResponse{Version: "stellarescrow-localnet", CaptiveCoreVersion: "none: soroban-env-host 27.0.1 with " + s.net.Settings().Name,
		ProtocolVersion: uint32(s.net.Chain().Last().Header.LedgerVersion)}, nil
}

func (s *Server) getLatestLedger(context.Context, protocol.GetLatestLedgerRequest) (protocol.GetLatestLedgerResponse, error) {
	last, err := s.net.Last()
	if err != nil {
		return protocol.GetLatestLedgerResponse{}, err
	}
	meta, ok, err := s.net.Chain().Ledger(last.Sequence())
	if err != nil || !ok {
		return protocol.GetLatestLedgerResponse{}, errors.Join(errors.New("could not get latest ledger"), err)
	}
	info, err := ledgerInfo(meta)
	if err != nil {
		return protocol.GetLatestLedgerResponse{}, err
	}
	header, err := xdr.MarshalBase64(meta.LedgerHeaderHistoryEntry().Header)
	return protocol.GetLatestLedgerResponse{Hash: info.Hash, ProtocolVersion: meta.ProtocolVersion(), Sequence: info.Sequence,
		LedgerCloseTime: info.LedgerCloseTime, LedgerHeader: header, LedgerMetadata: info.LedgerMetadata}, err
}

// ledgerInfo describes a ledger of a list. Its headerXdr is a history entry, that of getLatestLedger the header alone.
func ledgerInfo(meta xdr.LedgerCloseMeta) (protocol.LedgerInfo, error) {
	header, err := xdr.MarshalBase64(meta.LedgerHeaderHistoryEntry())
	if err != nil {
		return protocol.LedgerInfo{}, fmt.Errorf("encode a ledger header: %w", err)
	}
	raw, err := xdr.MarshalBase64(meta)
	if err != nil {
		return protocol.LedgerInfo{}, fmt.Errorf("encode a ledger: %w", err)
	}
	return protocol.LedgerInfo{Hash: meta.LedgerHash().HexString(), Sequence: meta.LedgerSequence(),
		LedgerCloseTime: meta.LedgerCloseTime(), LedgerHeader: header, LedgerMetadata: raw}, nil
}

func (s *Server) getLedgers(_ context.Context, q protocol.GetLedgersRequest) (protocol.GetLedgersResponse, error) {
	at, err := s.span()
	if err != nil {
		return protocol.GetLedgersResponse{}, err
	}
	if err := errors.Join(q.Validate(maxLedgers, at.seq()), noJSON(q.Format)); err != nil {
		return protocol.GetLedgersResponse{}, invalidRequest(err)
	}
	start, limit := q.StartLedger, uint(defaultLedgers)
	if p := q.Pagination; p != nil {
		if p.Cursor != "" {
			after, err := strconv.ParseUint(p.Cursor, 10, 32)
			if err != nil {
				return protocol.GetLedgersResponse{}, invalidParams(err)
			}
			if start = uint32(after) + 1; !protocol.IsLedgerWithinRange(start, at.seq()) {
				return protocol.GetLedgersResponse{}, invalidParams(fmt.Errorf("cursor ('%s') must be between the oldest ledger: %d and the latest ledger: %d for this rpc instance",
					p.Cursor, at.first, at.last.Sequence()))
			}
		}
		if p.Limit > 0 {
			limit = p.Limit
		}
	}
	res := protocol.GetLedgersResponse{Ledgers: []protocol.LedgerInfo{}, LatestLedger: at.last.Sequence(), LatestLedgerCloseTime: at.last.CloseTime(),
		OldestLedger: at.first, OldestLedgerCloseTime: at.firstTime, Cursor: strconv.FormatUint(uint64(start-1), 10)}
	size := 0
	for meta, err := range s.net.Chain().Ledgers(start, start+uint32(limit)-1) {
		if err != nil {
			return res, err
		}
		info, err := ledgerInfo(meta)
		if err != nil {
			return res, err
		}
		res.Ledgers = append(res.Ledgers, info)
		res.Cursor = strconv.FormatUint(uint64(info.Sequence), 10)
		if size += len(info.LedgerHeader) + len(info.LedgerMetadata); size >= s.limits.pageBytes {
			break
		}
	}
	return res, nil
}

func (s *Server) getLedgerEntries(_ context.Context, q protocol.GetLedgerEntriesRequest) (protocol.GetLedgerEntriesResponse, error) {
	if err := checkFormat(q.Format); err != nil {
		return protocol.GetLedgerEntriesResponse{}, invalidParams(err)
	}
	if len(q.Keys) > maxEntryKeys {
		return protocol.GetLedgerEntriesResponse{}, invalidParams(fmt.Errorf("key count (%d) exceeds maximum supported (%d)", len(q.Keys), maxEntryKeys))
	}
	keys := make([]xdr.LedgerKey, len(q.Keys))
	for i, text := range q.Keys {
		if err := xdr.SafeUnmarshalBase64WithOptions(text, &keys[i], xdr.DecodeOptions{MaxMemoryBytes: maxKeyBytes}); err != nil {
			return protocol.GetLedgerEntriesResponse{}, invalidParams(fmt.Errorf("cannot unmarshal key value %s at index %d", text, i))
		}
		if keys[i].Type == xdr.LedgerEntryTypeTtl {
			return protocol.GetLedgerEntriesResponse{}, invalidParams(errors.New("ledger ttl entries cannot be queried directly"))
		}
	}
	seen := map[ledger.Key]bool{}
	for _, key := range keys {
		if seen[ledger.KeyOf(key)] {
			return protocol.GetLedgerEntriesResponse{}, errOfCore("http request failed with non-200 status code (404)")
		}
		seen[ledger.KeyOf(key)] = true
	}
	if len(keys) == 0 {
		return protocol.GetLedgerEntriesResponse{}, errOfCore("no keys specified in request")
	}
	if err := s.net.CatchUp(); err != nil {
		return protocol.GetLedgerEntriesResponse{}, err
	}
	view := s.net.Chain().View()
	defer view.Close()
	res := protocol.GetLedgerEntriesResponse{Entries: []protocol.LedgerEntryResult{}, LatestLedger: view.Last.Sequence()}
	for _, key := range keys {
		r, ok, err := entryResult(view, key)
		if err != nil {
			return res, err
		}
		if ok {
			res.Entries = append(res.Entries, r)
		}
	}
	return res, nil
}

// errOfCore is what the real server says of a request that the node behind it does not take.
func errOfCore(why string) error {
	return &jrpc2.Error{Code: jrpc2.InternalError, Message: "could not query captive core: " + why}
}

// entryResult finds an entry. Archived ones are there, as living until ledger 0; a temporary one is not, once its life has ended.
func entryResult(view ledger.View, lk xdr.LedgerKey) (res protocol.LedgerEntryResult, ok bool, err error) {
	k := ledger.KeyOf(lk)
	raw, until, ok := ledger.Find(view, k)
	if !ok {
		return res, false, nil
	}
	if k.HasTTL() {
		if until < view.Last.Sequence() {
			if k.Temporary() {
				return res, false, nil
			}
			until = 0
		}
		res.LiveUntilLedgerSeq = &until
	}
	e := ledger.Decode(raw)
	res.LastModifiedLedger = uint32(e.LastModifiedLedgerSeq)
	if res.KeyXDR, err = xdr.MarshalBase64(lk); err == nil {
		if res.DataXDR, err = xdr.MarshalBase64(e.Data); err == nil {
			res.ExtensionXDR, err = xdr.MarshalBase64(e.Ext)
		}
	}
	return res, true, err
}
