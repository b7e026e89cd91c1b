package relayserver

import (
	"context"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// What a payout that fails where its simulation succeeded, or the reverse, may need beyond the simulation's figures (contract-attacks D3).
const (
	parkedBytes = 40 // by which a trade's entry grows for each payout that is parked, at most
	entryBytes  = 48 // of a ledger entry around its data: when it was modified, who sponsors it
	// spareFee is for rent and events of what is parked, in stroops, and writeFee for each byte more that is declared, above the main
	// network's price of 0.85. What is not used comes back.
	spareFee = 5_000
	writeFee = 2
	// maxWriteBytes is what the main network lets a transaction declare.
	maxWriteBytes = 132_096
)

// headroom raises what a simulated call declares to write, so that it can be carried out when a payout in it fails.
//
// A simulation forgets the entries that only a failed inner call touched, a token's refused transfer, but their keys stay in the footprint
// as written; when the call is applied they count with the size they have. And a payout may fail only then, with the trade's entry
// growing by what is parked. Without headroom both end as "resource limit exceeded", for as long as somebody stays frozen.
func (s *Server) headroom(ctx context.Context, answer *protocol.SimulateTransactionResponse) error {
	if answer.Error != "" || answer.TransactionDataXDR == "" || answer.RestorePreamble != nil {
		return nil
	}
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", answer.TransactionDataXDR, &data); err != nil {
		return err
	}
	written := data.Resources.Footprint.ReadWrite
	if len(written) == 0 {
		return nil
	}
	counted := map[string]bool{}
	for _, c := range answer.StateChanges {
		counted[c.KeyXDR] = c.AfterXDR != nil // a forgotten entry looks like a deleted one
	}
	var forgotten []xdr.LedgerKey
	for _, key := range written {
		text, err := stellar.Encode(key)
		if err != nil {
			return fmt.Errorf("footprint: %w", err)
		}
		if !counted[text] {
			forgotten = append(forgotten, key)
		}
	}
	more := parkedBytes * len(written)
	if len(forgotten) > 0 {
		entries, _, err := s.node.Entries(ctx, forgotten...)
		if err != nil {
			return err
		}
		for _, e := range entries {
			raw, err := e.Data.MarshalBinary()
			if err != nil {
				return fmt.Errorf("entry: %w", err)
			}
			more += entryBytes + len(raw)
		}
	}
	bytes := min(int(data.Resources.WriteBytes)+more, max(maxWriteBytes, int(data.Resources.WriteBytes)))
	spare := int64(spareFee + writeFee*more)
	data.Resources.WriteBytes = xdr.Uint32(bytes)
	data.ResourceFee += xdr.Int64(spare)
	answer.MinResourceFee += spare
	text, err := stellar.Encode(data)
	answer.TransactionDataXDR = text
	return err
}
