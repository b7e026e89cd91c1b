package relayserver

import (
	"context"
	"fmt"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// What each payout of a call may need beyond the simulation's figures when it fails where it was simulated to succeed, or the reverse
// (docs/contract-attacks.md D3). What is not used comes back, where nothing else is said.
const (
	// parkedBytes is by how much a trade's entry grows for a payout that is parked, at most: whose it is, 16 bytes of amount, padding.
	parkedBytes = 20
	// entryBytes of a ledger entry stand around its data: when it was modified, who sponsors it.
	entryBytes = 48
	// trustlineBytes are those of a trustline or of a balance that a payout changes.
	trustlineBytes = 200
	// rentFee is for one more byte in an entry that has its longest life before it, in stroops: on the main network 2,500.
	rentFee = 3_000
	// eventFee is for the event of what is parked, in stroops.
	eventFee = 5_000
	// writeFee is for one more byte that is declared as written, in stroops: on the main network 0.85.
	writeFee = 2
	// writeEntryFee is for one more entry that is declared as written, in stroops: on the main network 2,500. It is not returned.
	writeEntryFee = 3_000
	// payoutInstructions are the difference between a payout that is refused and one that is made, at most; instructionFee is for 10,000
	// of them, in stroops, and not returned either.
	payoutInstructions = 400_000
	instructionFee     = 8
	// What others do to the same trade between preparation and ledger makes its entry larger and what reads it longer: an offer on another
	// milestone 12 bytes, a dispute 100, and each some 10,000 instructions. grownBytes, grownInstructions and grownFee (more rent, in stroops,
	// returned if not used) are for twenty offers and ten disputes, or for as many votes as a panel has.
	grownBytes        = 1_280
	grownInstructions = 500_000
	grownFee          = 100_000
	// A vote that others leave to be the last of its panel is the ruling too: rulingInstructions and rulingFee, in stroops and returned if not
	// used, are for one milestone's.
	rulingInstructions = 250_000
	rulingFee          = 30_000
	// readFee is for one more byte that is declared as read from disk, in stroops: on the main network 0.44. It is not returned. A trustline that is made after
	// the simulation was not there to be read.
	readFee = 1
	// maxDiskReadBytes is what the main network lets a transaction read from disk.
	maxDiskReadBytes = 200_000
	// maxWriteBytes is what the main network lets a transaction declare, and maxInstructions what it lets it use.
	maxWriteBytes   = 132_096
	maxInstructions = 400_000_000
)

// headroom raises what a simulated call declares, so that it can be carried out whether its payouts arrive or are parked, and whatever the
// other people of the trade do before it: of three arbitrators who vote at the same time each vote counts.
//
// A simulation forgets the entries that only a failed inner call touched, a token's refused transfer, but their keys stay in the footprint
// as written; when the call is applied they count with the size they have. A payout may fail only then, with the trade's entry growing by
// what is parked, and rent to be paid for it; or arrive only then, and change a trustline that the simulation has merely read. Without
// headroom each ends as a failed transaction, for as long as an issuer freezes and frees somebody in turn.
func (s *Server) headroom(ctx context.Context, contract xdr.ContractId, answer *protocol.SimulateTransactionResponse) error {
	if answer.Error != "" || answer.TransactionDataXDR == "" || answer.RestorePreamble != nil {
		return nil
	}
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", answer.TransactionDataXDR, &data); err != nil {
		return err
	}
	r := &data.Resources
	if len(r.Footprint.ReadWrite) == 0 {
		return nil
	}
	bytes, err := s.forgottenBytes(ctx, r.Footprint.ReadWrite, answer.StateChanges)
	if err != nil {
		return err
	}
	refused := writeWhatIsHeld(&r.Footprint)
	payouts := receivers(r.Footprint.ReadWrite, contract)
	read := (entryBytes + trustlineBytes) * refused
	bytes += parkedBytes*payouts + read
	instructions := payoutInstructions * refused
	spare := payouts*(parkedBytes*rentFee+eventFee) + writeEntryFee*refused + readFee*read
	changed, err := changesTrade(answer.StateChanges, contract)
	if err != nil {
		return err
	}
	if changed {
		votes, err := votes(answer.EventsXDR, contract)
		if err != nil {
			return err
		}
		bytes, instructions, spare = bytes+grownBytes, instructions+grownInstructions+votes*rulingInstructions, spare+grownFee+votes*rulingFee
	}
	spare += writeFee*bytes + instructions/10_000*instructionFee

	r.DiskReadBytes = raise(r.DiskReadBytes, read, maxDiskReadBytes)
	r.WriteBytes = raise(r.WriteBytes, bytes, maxWriteBytes)
	r.Instructions = raise(r.Instructions, instructions, maxInstructions)
	data.ResourceFee += xdr.Int64(spare)
	answer.MinResourceFee += int64(spare)
	answer.TransactionDataXDR, err = stellar.Encode(data)
	return err
}

// raise adds to what is declared, up to what the network lets a transaction declare.
func raise(declared xdr.Uint32, by, most int) xdr.Uint32 {
	return max(declared, xdr.Uint32(min(int(declared)+by, most)))
}

// forgottenBytes is the size of the entries that are declared as written and of which the simulation's changes know nothing.
func (s *Server) forgottenBytes(ctx context.Context, written []xdr.LedgerKey, changes []protocol.LedgerEntryChange) (int, error) {
	counted := map[string]bool{}
	for _, c := range changes {
		counted[c.KeyXDR] = c.AfterXDR != nil // a forgotten entry looks like a deleted one
	}
	var forgotten []xdr.LedgerKey
	for _, key := range written {
		text, err := stellar.Encode(key)
		if err != nil {
			return 0, fmt.Errorf("footprint: %w", err)
		}
		if !counted[text] {
			forgotten = append(forgotten, key)
		}
	}
	if len(forgotten) == 0 {
		return 0, nil
	}
	entries, _, err := s.node().Entries(ctx, forgotten...)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, e := range entries {
		raw, err := e.Data.MarshalBinary()
		if err != nil {
			return 0, fmt.Errorf("entry: %w", err)
		}
		total += entryBytes + len(raw)
	}
	return total, nil
}

// writeWhatIsHeld declares as written each holding that the simulation has merely read: a payout to it was refused. It returns how many.
func writeWhatIsHeld(footprint *xdr.LedgerFootprint) int {
	var read []xdr.LedgerKey
	moved := 0
	for _, key := range footprint.ReadOnly {
		if _, held := holder(key); held {
			footprint.ReadWrite = append(footprint.ReadWrite, key)
			moved++
			continue
		}
		read = append(read, key)
	}
	footprint.ReadOnly = read
	return moved
}

// changesTrade is whether a trade that is there already is changed: the only entries of the contract whose keys are bare bytes.
func changesTrade(changes []protocol.LedgerEntryChange, contract xdr.ContractId) (bool, error) {
	for _, c := range changes {
		var key xdr.LedgerKey
		if err := stellar.Decode("ledger key", c.KeyXDR, &key); err != nil {
			return false, err
		}
		d := key.ContractData
		if c.BeforeXDR != nil && d != nil && d.Contract.ContractId != nil && *d.Contract.ContractId == contract && d.Key.Type == xdr.ScValTypeScvBytes {
			return true, nil
		}
	}
	return false, nil
}

// votes counts those that are announced among all that a simulation tells.
func votes(told []string, contract xdr.ContractId) (n int, err error) {
	for _, text := range told {
		var e xdr.DiagnosticEvent
		if err := stellar.Decode("diagnostic event", text, &e); err != nil {
			return 0, err
		}
		if e.Event.Type != xdr.ContractEventTypeContract || e.Event.ContractId == nil || *e.Event.ContractId != contract {
			continue
		}
		if body, ok := e.Event.Body.GetV0(); ok && len(body.Topics) > 0 && body.Topics[0].Sym != nil && *body.Topics[0].Sym == "voted" {
			n++
		}
	}
	return n, nil
}

// receivers counts the holdings that are declared as written, without the contract's own.
func receivers(written []xdr.LedgerKey, contract xdr.ContractId) int {
	n := 0
	for _, key := range written {
		if who, held := holder(key); held && (who.ContractId == nil || *who.ContractId != contract) {
			n++
		}
	}
	return n
}

// holder is whose balance an entry holds, if it holds one: a trustline, or an entry that token contracts keep under ["Balance", address].
func holder(key xdr.LedgerKey) (xdr.ScAddress, bool) {
	switch {
	case key.TrustLine != nil:
		return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeAccount, AccountId: &key.TrustLine.AccountId}, true
	case key.Account != nil:
		return xdr.ScAddress{}, false // it may stand there because its owner signs
	case key.ContractData == nil || key.ContractData.Key.Type != xdr.ScValTypeScvVec || *key.ContractData.Key.Vec == nil:
		return xdr.ScAddress{}, false
	}
	parts := **key.ContractData.Key.Vec
	if len(parts) != 2 || parts[0].Sym == nil || *parts[0].Sym != "Balance" || parts[1].Address == nil {
		return xdr.ScAddress{}, false
	}
	return *parts[1].Address, true
}
