package rpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Ledger is a closed ledger.
type Ledger struct {
	Sequence  uint32
	CloseTime uint64 // unix seconds
}

// Range is what the node keeps: transactions, events and ledgers from Oldest to Latest, both included.
type Range struct{ Oldest, Latest Ledger }

// CheckNetwork asks which network the node serves and refuses (ErrWrongNetwork) another than the configured one. It returns the protocol
// version.
func (c *Client) CheckNetwork(ctx context.Context) (protocolVersion uint32, err error) {
	answer, err := call(ctx, c, protocol.GetNetworkMethodName,
		func(ctx context.Context, r *rpcclient.Client) (protocol.GetNetworkResponse, error) {
			return r.GetNetwork(ctx)
		})
	if err != nil {
		return 0, err
	}
	if answer.Passphrase != c.config.Network.Passphrase() {
		return 0, fmt.Errorf("the node serves %q, configured is %q: %w", clip(answer.Passphrase), c.config.Network.Passphrase(), ErrWrongNetwork)
	}
	return uint32(answer.ProtocolVersion), nil
}

// Range asks what the node keeps. A node that has fallen behind the network answers ErrUnavailable.
func (c *Client) Range(ctx context.Context) (Range, error) {
	answer, err := call(ctx, c, protocol.GetHealthMethodName,
		func(ctx context.Context, r *rpcclient.Client) (protocol.GetHealthResponse, error) {
			return r.GetHealth(ctx)
		})
	if err != nil {
		return Range{}, err
	}
	if answer.Status != "healthy" {
		return Range{}, fmt.Errorf("%s: the node says %q: %w", protocol.GetHealthMethodName, clip(answer.Status), ErrUnavailable)
	}
	return Range{
		Oldest: Ledger{answer.OldestLedger, seconds(answer.OldestLedgerCloseTime)},
		Latest: Ledger{answer.LatestLedger, seconds(answer.LatestLedgerCloseTime)},
	}, nil
}

// seconds is a close time; a negative one, which no ledger has, becomes 0.
func seconds(t int64) uint64 { return uint64(max(t, 0)) }

// LatestHash asks for the newest ledger and its hash.
func (c *Client) LatestHash(ctx context.Context) (Ledger, stellar.Hash, error) {
	answer, err := call(ctx, c, protocol.GetLatestLedgerMethodName,
		func(ctx context.Context, r *rpcclient.Client) (protocol.GetLatestLedgerResponse, error) {
			return r.GetLatestLedger(ctx)
		})
	if err != nil {
		return Ledger{}, stellar.Hash{}, err
	}
	sum, err := stellar.ParseHash(answer.Hash)
	if err != nil {
		return Ledger{}, stellar.Hash{}, fmt.Errorf("%s: %w: %w", protocol.GetLatestLedgerMethodName, ErrAnswer, err)
	}
	return Ledger{answer.Sequence, seconds(answer.LedgerCloseTime)}, sum, nil
}

// A ClosedLedger is a ledger with all that happened in it, as the node got it from its core.
type ClosedLedger struct {
	Ledger
	Hash stellar.Hash
	Meta string // base64 of LedgerCloseMeta; decode it with xdr.SafeUnmarshalBase64
}

// Ledgers asks for at most limit ledgers from a sequence number on. It may return fewer, none only if from is the one after the latest.
// A sequence that the node no longer keeps is a *GapError.
func (c *Client) Ledgers(ctx context.Context, from uint32, limit uint) ([]ClosedLedger, Range, error) {
	ask := func() (protocol.GetLedgersResponse, error) {
		return call(ctx, c, protocol.GetLedgersMethodName, func(ctx context.Context, r *rpcclient.Client) (protocol.GetLedgersResponse, error) {
			return r.GetLedgers(ctx, protocol.GetLedgersRequest{StartLedger: from, Pagination: &protocol.LedgerPaginationOptions{Limit: limit}})
		})
	}
	answer, err := ask()
	if err != nil {
		kept, none, outside := c.outside(ctx, from, err)
		there := errors.Is(err, ErrRefused) && kept.Oldest.Sequence <= from && from <= kept.Latest.Sequence
		if there {
			// It closed after it was asked for and before the node was asked what it keeps, or it was refused for another reason: asked again, the node tells.
			answer, err = ask()
		}
		switch {
		case err == nil:
		case there:
			return nil, kept, err
		case none:
			return nil, kept, nil
		default:
			return nil, kept, outside
		}
	}
	kept := Range{
		Ledger{answer.OldestLedger, seconds(answer.OldestLedgerCloseTime)}, Ledger{answer.LatestLedger, seconds(answer.LatestLedgerCloseTime)},
	}
	ledgers := make([]ClosedLedger, len(answer.Ledgers))
	for i, l := range answer.Ledgers {
		sum, err := stellar.ParseHash(l.Hash)
		if err != nil {
			return nil, kept, fmt.Errorf("%s: ledger %d: %w: %w", protocol.GetLedgersMethodName, l.Sequence, ErrAnswer, err)
		}
		ledgers[i] = ClosedLedger{Ledger{l.Sequence, seconds(l.LedgerCloseTime)}, sum, l.LedgerMetadata}
	}
	return ledgers, kept, nil
}

// Entry is a ledger entry as the node knows it.
type Entry struct {
	Key  xdr.LedgerKey
	Data xdr.LedgerEntryData
	// LiveUntil is the last ledger in which an entry with a lifetime is live; 0 for the classic kinds. An entry that has been archived
	// for long is not found, one that is about to be, is.
	LiveUntil uint32
}

// Entries asks for ledger entries by their keys, at most 200. Those that do not exist are left out; the order is that of the answer.
// latest is the ledger they are of.
func (c *Client) Entries(ctx context.Context, keys ...xdr.LedgerKey) (entries []Entry, latest uint32, err error) {
	encoded := make([]string, len(keys))
	for i, key := range keys {
		if encoded[i], err = stellar.Encode(key); err != nil {
			return nil, 0, err
		}
	}
	answer, err := call(ctx, c, protocol.GetLedgerEntriesMethodName, func(ctx context.Context, r *rpcclient.Client) (protocol.GetLedgerEntriesResponse, error) {
		return r.GetLedgerEntries(ctx, protocol.GetLedgerEntriesRequest{Keys: encoded})
	})
	if err != nil {
		return nil, 0, err
	}
	for _, e := range answer.Entries {
		var entry Entry
		if err := xdr.SafeUnmarshalBase64(e.KeyXDR, &entry.Key); err != nil {
			return nil, 0, fmt.Errorf("%s: key: %w: %w", protocol.GetLedgerEntriesMethodName, ErrAnswer, err)
		}
		if err := xdr.SafeUnmarshalBase64(e.DataXDR, &entry.Data); err != nil {
			return nil, 0, fmt.Errorf("%s: entry: %w: %w", protocol.GetLedgerEntriesMethodName, ErrAnswer, err)
		}
		if e.LiveUntilLedgerSeq != nil {
			entry.LiveUntil = *e.LiveUntilLedgerSeq
		}
		entries = append(entries, entry)
	}
	return entries, answer.LatestLedger, nil
}
