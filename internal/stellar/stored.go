package stellar

import (
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// ErrStored is wrapped by every refusal to read what the contract stores.
var ErrStored = errors.New("not laid out as the contract stores it")

// The layout of a trade's entry (contract/escrow/src/state.rs): numbers of 1 to 8 bytes, least significant first, one after the other, and
// records of a key, a length and so many bytes. A milestone's record has parts; the lowest bit names none.
const (
	storedBuyerOffered = 2 << iota
	storedSellerOffered
	storedDisputed
	storedRuled
	storedAppealed
	storedPastParts
)

// Most milestones, and roles, that a trade can have (docs/contract.md, errors 22 and 27), and the key of what is parked for role 0.
const (
	storedMilestones = 20
	storedRoles      = 16
	storedParked     = 32
)

// ReadStoredTrade reads the value of a trade's ledger entry (TradeKey): what the view `trade` answers, without a simulation. It refuses
// (ErrStored) whatever the contract would not have written, down to the last byte.
func ReadStoredTrade(v xdr.ScVal) (*escrow.Trade, error) {
	if v.Type != xdr.ScValTypeScvBytes || v.Bytes == nil {
		return nil, fmt.Errorf("a trade's entry of type %s: %w", v.Type, ErrStored)
	}
	r := &reader{left: *v.Bytes}
	trade := r.trade()
	if r.err != nil {
		return nil, fmt.Errorf("a trade's entry of %d bytes, at %d: %w", len(*v.Bytes), len(*v.Bytes)-len(r.left), r.err)
	}
	return trade, nil
}

// ReadStoredOwed reads the value of what is owed in an asset (OwedKey).
func ReadStoredOwed(v xdr.ScVal) (escrow.Owed, error) {
	if v.Type != xdr.ScValTypeScvVec || v.Vec == nil || *v.Vec == nil || len(**v.Vec) != 2 {
		return escrow.Owed{}, fmt.Errorf("what is owed, of type %s: %w", v.Type, ErrStored)
	}
	var sums [2]amount.Int128
	for i, part := range **v.Vec {
		if part.Type != xdr.ScValTypeScvI128 {
			return escrow.Owed{}, fmt.Errorf("what is owed, part %d of type %s: %w", i, part.Type, ErrStored)
		}
		sums[i] = amount.FromParts(int64(part.I128.Hi), uint64(part.I128.Lo))
	}
	return escrow.Owed{Total: sums[0], Fees: sums[1]}, nil
}

// reader takes numbers from the front. After its first error everything it reads is 0.
type reader struct {
	left []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format+": %w", append(args, ErrStored)...)
	}
}

func (r *reader) number(width int) uint64 {
	if len(r.left) < width {
		r.fail("%d bytes are missing", width-len(r.left))
	}
	if r.err != nil {
		return 0
	}
	value := uint64(0)
	for i := range width {
		value |= uint64(r.left[i]) << (8 * i)
	}
	r.left = r.left[width:]
	return value
}

func (r *reader) amount() amount.Int128 { return amount.FromParts(0, r.number(8)) }

func (r *reader) party() escrow.Role {
	n := r.number(1)
	if n > uint64(escrow.Seller) {
		r.fail("role %d is no party", n)
	}
	return escrow.Role(n)
}

func (r *reader) trade() *escrow.Trade {
	head := r.number(1)
	t := &escrow.Trade{Stage: escrow.Stage(head % 5), OpenedBy: escrow.Role(head / 5 % 2)}
	alive := head / 10
	if t.Stage <= escrow.StageFunded {
		t.Bonds = [2]amount.Int128{r.amount(), r.amount()}
		count := r.number(1)
		if count > storedMilestones || (count > 0) != (t.Stage == escrow.StageFunded) {
			r.fail("%d milestones in stage %d", count, t.Stage)
			return nil
		}
		t.Milestones = make([]escrow.MilestoneState, count)
	}
	for i := range t.Milestones {
		m := &t.Milestones[i]
		m.Left, m.DeliveredAt = r.amount(), r.number(8)
		if m.Left.Sign() != 0 {
			alive--
		} else if m.DeliveredAt != 0 {
			r.fail("milestone %d is delivered, and nothing is left of it", i)
		}
	}
	if len(t.Milestones) == 0 {
		t.Milestones = nil
	}
	if alive != 0 {
		r.fail("%d milestones have something left", head/10)
	}
	for last := -1; len(r.left) > 0 && r.err == nil; {
		last = r.record(t, last)
	}
	return t
}

// record reads one, whose key must be above last, and answers its key.
func (r *reader) record(t *escrow.Trade, last int) int {
	key := int(r.number(1))
	length := int(r.number(1))
	if r.err == nil && (key <= last || length == 0 || length > len(r.left)) {
		r.fail("a record %d of %d bytes behind %d", key, length, last)
	}
	if r.err != nil {
		return key
	}
	of := &reader{left: r.left[:length]}
	switch {
	case key >= storedParked && key < storedParked+storedRoles:
		lo := of.number(8)
		p := escrow.Parcel{Role: escrow.Role(key - storedParked), Amount: amount.FromParts(int64(of.number(8)), lo)}
		if p.Amount.Sign() <= 0 {
			of.fail("parked money of %s for role %d", p.Amount.Units(), p.Role)
		}
		t.Parked = append(t.Parked, p)
	case key < len(t.Milestones) && t.Milestones[key].Left.Sign() != 0:
		of.milestone(&t.Milestones[key])
	default:
		of.fail("a record of %d, of which nothing is left", key)
	}
	if len(of.left) > 0 {
		of.fail("%d bytes too many in record %d", len(of.left), key)
	}
	r.err, r.left = of.err, r.left[length:]
	return key
}

func (r *reader) milestone(m *escrow.MilestoneState) {
	parts := r.number(1)
	if parts >= storedPastParts || parts&1 != 0 || parts == 0 || parts&storedDisputed == 0 && parts&(storedRuled|storedAppealed) != 0 {
		r.fail("parts %b of a milestone", parts)
	}
	for side, part := range []uint64{storedBuyerOffered, storedSellerOffered} {
		if parts&part != 0 {
			m.Offers[side] = &escrow.Offer{Of: m.Left, Phase: escrow.Phase(r.number(1)), SellerAmount: r.amount()}
		}
	}
	if parts&storedDisputed != 0 {
		m.Dispute = r.dispute(parts)
	}
}

// time is one that is not 0: what was not reached has no place here.
func (r *reader) time(what string) uint64 {
	at := r.number(8)
	if at == 0 {
		r.fail("%s at 0", what)
	}
	return at
}

func (r *reader) dispute(parts uint64) *escrow.Dispute {
	d := &escrow.Dispute{Since: r.number(8), By: r.party()}
	d.Aside = [2]amount.Int128{r.amount(), r.amount()}
	if parts&storedRuled != 0 {
		d.RuledAt = r.time("ruled")
	}
	if parts&storedAppealed != 0 {
		by := r.party()
		d.AppealBy, d.AppealedAt = &by, r.number(8)
	}
	const roleShift = 20 // of the 24 bits of a vote, above the parts per million
	for range r.number(1) {
		packed := r.number(3)
		d.Votes = append(d.Votes, escrow.Vote{Role: escrow.Role(packed >> roleShift), SellerPpm: uint32(packed & (1<<roleShift - 1))})
		if r.err != nil {
			return nil
		}
	}
	return d
}
