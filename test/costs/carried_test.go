package costs

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TestTermsTravel compares terms that each call carries with terms that the contract would store (docs/contract-attacks.md K2).
func TestTermsTravel(t *testing.T) {
	w := newWorld(t)
	l := &list{world: w, cast: w.people("largest", largest.panel)}
	few := l.cast
	few.seats = few.seats[:2*simple.panel]
	small := bonded
	small.name = "small"

	p := newSection(t, "Terms travel")
	p.para("Each call carries the terms, and the contract stores none of them. Carried, their bytes are paid for in each call: once in a call that nobody signs for (`settle`, `claim`), twice in any other, whose authorisation repeats the call. " +
		"Stored, they would be paid for as rent, at the latest when the entry has used up the network's least lifetime of 120 days. Storing would pay from so many calls on as the last columns say; a trade of one milestone has four.")
	rates := [][]string{}
	var voices []step
	for _, one := range []struct {
		name string
		cast cast
		deal deal
	}{{"one milestone, panels of 3 and 3", few, small}, {"20 milestones, panels of 7 and 7", l.cast, largest}} {
		terms := w.terms(one.cast, one.deal)
		value, err := stellar.EncodeTerms(terms)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := value.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		carried, stored := w.carrying(len(raw)), w.storing(value)
		rates = append(rates, []string{one.name, n(len(raw)), n(carried), n(2 * carried), n(stored), n(stored / carried), n(stored / (2 * carried))})

		w.call(l.seller, escrow.CallOpen{Terms: terms, By: escrow.Seller})
		w.call(l.buyer, escrow.CallFund{Terms: terms})
		w.call(l.buyer, escrow.CallDispute{Terms: terms, By: escrow.Buyer, Reason: hashed("reason")})
		voices = append(voices, step{"`evidence`: " + one.name, w.call(l.seller, escrow.CallEvidence{Terms: terms, By: escrow.Seller, Hash: hashed("evidence")})})
	}
	p.table([]string{"terms of", "bytes", "carried once", "carried twice", "stored", "storing pays from, calls", "storing pays from, calls with the terms twice"}, rates)
	p.para("What reading, hashing and checking terms takes shows in a call that writes nothing. The second also reads the state of 20 milestones instead of one.")
	p.table(columns, rows(voices))
	p.check()
}

// carrying is what so many bytes more of a transaction cost, in stroops.
func (w *world) carrying(bytes int) (stroops int64) {
	w.t.Helper()
	const other = 1_000
	w.ask(func(s node.Simulation) error {
		whole, _, err := s.Host.ResourceFee(w.t.Context(), host.Resources{TransactionBytes: uint32(other + bytes)})
		if err != nil {
			return err
		}
		rest, _, err := s.Host.ResourceFee(w.t.Context(), host.Resources{TransactionBytes: other})
		stroops = whole - rest
		return err
	})
	return stroops
}

// storing is the rent of a value in an entry that is there at any rate, for the least lifetime of a new one, in stroops.
func (w *world) storing(value xdr.ScVal) int64 {
	w.t.Helper()
	of := func(v xdr.ScVal) int64 {
		key := stellar.TradeKey(w.contract, [32]byte{})
		return w.rent(xdr.LedgerEntry{Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.ContractDataEntry{
			Contract: key.ContractData.Contract, Key: key.ContractData.Key, Durability: key.ContractData.Durability, Val: v,
		}}}, w.net.Settings().Limits.MinPersistentTTL)
	}
	return of(value) - of(xdr.ScVal{Type: xdr.ScValTypeScvVoid})
}

// rent is that of a new entry for so many ledgers, in stroops.
func (w *world) rent(e xdr.LedgerEntry, ledgers uint32) (stroops int64) {
	w.t.Helper()
	raw, err := e.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	w.ask(func(s node.Simulation) (err error) {
		next := s.Info.Sequence
		stroops, err = s.Host.RentFee(w.t.Context(), next, []host.RentChange{{EntryXDR: raw, After: next + ledgers - 1}})
		return err
	})
	return stroops
}

// ask asks the network's host something.
func (w *world) ask(f func(node.Simulation) error) {
	w.t.Helper()
	if err := w.net.Simulate(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}
