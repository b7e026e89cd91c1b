package stellar_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// laidOut writes a trade as contract/escrow/src/state.rs does. What the contract really writes is compared with its view wherever a test
// reads a trade on the real host (relayserver, e2e); this one is to find what is read and would not be written.
func laidOut(t *escrow.Trade) []byte {
	var out []byte
	put := func(n uint64, width int) {
		out = append(out, binary.LittleEndian.AppendUint64(nil, n)[:width]...)
	}
	units := func(a amount.Int128) { _, lo := a.Parts(); put(lo, 8) }
	head := uint64(t.Stage) + 5*uint64(t.OpenedBy)
	for _, m := range t.Milestones {
		if m.Left.Sign() != 0 {
			head += 10
		}
	}
	put(head, 1)
	if t.Stage <= escrow.StageFunded {
		units(t.Bonds[0])
		units(t.Bonds[1])
		put(uint64(len(t.Milestones)), 1)
		for _, m := range t.Milestones {
			units(m.Left)
			put(m.DeliveredAt, 8)
		}
	}
	record := func(key int, content []byte) {
		if len(content) > 0 {
			out = append(append(out, byte(key), byte(len(content))), content...)
		}
	}
	for i, m := range t.Milestones {
		record(i, laidOutMilestone(m))
	}
	for _, p := range t.Parked {
		hi, lo := p.Amount.Parts()
		record(32+int(p.Role), binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, lo), uint64(hi)))
	}
	return out
}

// laidOutMilestone is the content of a milestone's record.
func laidOutMilestone(m escrow.MilestoneState) (out []byte) {
	put := func(n uint64, width int) {
		out = append(out, binary.LittleEndian.AppendUint64(nil, n)[:width]...)
	}
	units := func(a amount.Int128) { _, lo := a.Parts(); put(lo, 8) }
	parts := uint64(0)
	for bit, there := range []bool{
		m.Offers[0] != nil, m.Offers[1] != nil, m.Dispute != nil, m.Dispute != nil && m.Dispute.RuledAt != 0, m.Dispute != nil && m.Dispute.AppealBy != nil,
	} {
		if there {
			parts |= 2 << bit
		}
	}
	if parts == 0 {
		return nil
	}
	put(parts, 1)
	for _, o := range m.Offers {
		if o != nil {
			put(uint64(o.Phase), 1)
			units(o.SellerAmount)
		}
	}
	if d := m.Dispute; d != nil {
		put(d.Since, 8)
		put(uint64(d.By), 1)
		units(d.Aside[0])
		units(d.Aside[1])
		if d.RuledAt != 0 {
			put(d.RuledAt, 8)
		}
		if d.AppealBy != nil {
			put(uint64(*d.AppealBy), 1)
			put(d.AppealedAt, 8)
		}
		put(uint64(len(d.Votes)), 1)
		for _, v := range d.Votes {
			put(uint64(v.Role)<<20|uint64(v.SellerPpm), 3)
		}
	}
	return out
}

func bytesVal(b []byte) xdr.ScVal {
	v := xdr.ScBytes(b)
	return xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &v}
}

// Whatever is read, the contract would have written in exactly these bytes.
func FuzzReadStoredTrade(f *testing.F) {
	seller := escrow.Seller
	one := amount.Int(1)
	for _, t := range []*escrow.Trade{
		{}, {Stage: escrow.StageEnded}, {Stage: escrow.StageCancelled, OpenedBy: escrow.Seller, Parked: []escrow.Parcel{{Role: 1, Amount: amount.FromParts(1, 1)}, {Role: 15, Amount: one}}},
		{Stage: escrow.StageFunded, Bonds: [2]amount.Int128{one, one}, Milestones: []escrow.MilestoneState{
			{}, {Left: one, DeliveredAt: 5, Offers: [2]*escrow.Offer{{Of: one, Phase: 2}, {Of: one, Phase: 7, SellerAmount: one}}},
			{Left: one, Dispute: &escrow.Dispute{Since: 9, By: escrow.Seller, Aside: [2]amount.Int128{one, {}}, RuledAt: 4, AppealBy: &seller, AppealedAt: 8,
				Votes: []escrow.Vote{{Role: 2, SellerPpm: 1_000_000}, {Role: 15, SellerPpm: 1}}}},
		}},
	} {
		f.Add(laidOut(t))
	}
	// One milestone, of which 1 is left, delivered at 0, and what is behind it.
	funded := func(rest ...byte) []byte {
		raw := append(make([]byte, 18), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		raw[0], raw[17] = byte(escrow.StageFunded)+10, 1
		return append(raw, rest...)
	}
	offer := []byte{2, 7, 1, 0, 0, 0, 0, 0, 0, 0}
	f.Add([]byte{0xff})
	f.Add(funded())
	f.Add(funded(append([]byte{0, 10}, offer...)...))
	f.Add(funded(append([]byte{0, 11}, append(offer, 0)...)...)) // more than the record's parts
	f.Add(funded(append([]byte{1, 10}, offer...)...))            // of another milestone
	f.Add(funded(0, 1, 0))                                       // a record of nothing
	f.Add(funded(0, 0))                                          // an empty one
	f.Add(funded(0, 1, 1<<6))                                    // a part that is not known
	f.Add(funded(0, 1, 1<<4))                                    // ruled without a dispute
	f.Add(append(laidOut(&escrow.Trade{}), 0))                   // something after the end
	f.Fuzz(func(t *testing.T, raw []byte) {
		trade, err := stellar.ReadStoredTrade(bytesVal(raw))
		if err != nil {
			if !errors.Is(err, stellar.ErrStored) || trade != nil {
				t.Errorf("%x: %v, want ErrStored and nothing", raw, err)
			}
			return
		}
		if back := laidOut(trade); !bytes.Equal(raw, back) {
			t.Errorf("%x was read, and would be written as %x: %+v", raw, back, trade)
		}
	})
}

func TestStoredEntriesOfOtherTypes(t *testing.T) {
	void := xdr.ScVal{Type: xdr.ScValTypeScvVoid}
	three := xdr.ScVec{void, void, void}
	vec := &three
	for _, v := range []xdr.ScVal{void, {Type: xdr.ScValTypeScvBytes}, {Type: xdr.ScValTypeScvVec}, {Type: xdr.ScValTypeScvVec, Vec: &vec}} {
		if _, err := stellar.ReadStoredTrade(v); !errors.Is(err, stellar.ErrStored) {
			t.Errorf("a trade of %s: %v", v.Type, err)
		}
		if _, err := stellar.ReadStoredOwed(v); !errors.Is(err, stellar.ErrStored) {
			t.Errorf("owed of %s: %v", v.Type, err)
		}
	}
}
