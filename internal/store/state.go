package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// State is all that was projected, in one hash: the same for stores of every engine that hold the same trades and payouts, however they came to.
type State struct {
	Contracts []Contract // with the positions at which the hash holds; they are not part of it
	Trades    int
	Payouts   int
	Hash      Hash
}

// StateReader is the part of a store that StateHash needs.
type StateReader interface {
	// ReadState calls visit for each trade in the order in which they were opened, and then paid for each payout, with the event that opened its
	// trade, in that order and the order of their keys, until one of them returns an error, which it then returns; and gives the followed
	// contracts in the order of their addresses; all as of one moment. The trade is visit's to keep. A nil paid is asked nothing.
	ReadState(ctx context.Context, visit func(*Trade) error, paid func(opened EventID, p Payout) error) ([]Contract, error)
}

// StateHash reads the whole store, a page at a time.
//
// It is SHA-256 of the text "stellarescrow state 2\n", then, for each trade in the order in which they were opened, the length of its canonical
// form and that form, then SHA-256 of the payouts, of each its form with the length before it, too, in the order of their trades and then of their
// keys. appendTrade and appendPayout write the fields: numbers are 8 bytes and amounts 16, big-endian; texts and lists have their length before them,
// pointers a byte that tells whether something follows. Terms, milestones, offers, disputes, votes and what is parked are in it; events and
// the feed are not: they tell how it came about. The number in the text changes with what is hashed, or how: hashes of programs that differ in
// that are never equal.
func StateHash(ctx context.Context, r StateReader) (State, error) {
	var s State
	sum, payouts := sha256.New(), sha256.New()
	sum.Write([]byte("stellarescrow state 2\n"))
	var buf []byte
	contracts, err := r.ReadState(ctx, func(t *Trade) error {
		buf = appendTrade(buf[:0], t)
		record(sum, buf)
		s.Trades++
		return nil
	}, func(opened EventID, p Payout) error {
		buf = appendPayout(buf[:0], opened, p)
		record(payouts, buf)
		s.Payouts++
		return nil
	})
	if err != nil {
		return State{}, fmt.Errorf("hash the state: %w", err)
	}
	sum.Write(payouts.Sum(nil))
	s.Contracts, s.Hash = contracts, Hash(sum.Sum(nil))
	return s, nil
}

func record(to hash.Hash, form []byte) {
	to.Write(appendNumber(nil, len(form)))
	to.Write(form)
}

type number interface {
	~int | ~uint32 | ~uint64
}

func appendNumber[N number](to []byte, n N) []byte {
	return binary.BigEndian.AppendUint64(to, uint64(n))
}

func appendText[T ~string](to []byte, text T) []byte {
	return append(appendNumber(to, len(text)), text...)
}

func appendAmount(to []byte, all ...amount.Int128) []byte {
	for _, a := range all {
		hi, lo := a.Parts()
		to = appendNumber(appendNumber(to, uint64(hi)), lo)
	}
	return to
}

func appendList[T any](to []byte, all []T, each func([]byte, T) []byte) []byte {
	to = appendNumber(to, len(all))
	for _, one := range all {
		to = each(to, one)
	}
	return to
}

func appendOptional[T any](to []byte, p *T, each func([]byte, T) []byte) []byte {
	if p == nil {
		return append(to, 0)
	}
	return each(append(to, 1), *p)
}

func appendTrade(to []byte, t *Trade) []byte {
	to = append(to, t.ID[:]...)
	to = appendText(to, t.Contract)
	to = appendTerms(to, &t.Terms)
	to = appendNumber(to, t.OpenedBy)
	to = appendNumber(to, t.Stage)
	to = appendAmount(to, t.Bonds[:]...)
	to = appendList(to, t.Milestones, appendMilestone)
	to = appendList(to, t.Parked, func(to []byte, p escrow.Parcel) []byte { return appendAmount(appendNumber(to, p.Role), p.Amount) })
	to = appendNumber(to, t.LastDeadline)
	for _, p := range []Point{t.Opened, t.Updated} {
		to = appendNumber(appendText(to, p.Event), p.At)
	}
	return appendNumber(to, t.EndedAt)
}

func appendPayout(to []byte, opened EventID, p Payout) []byte {
	return appendAmount(appendText(appendNumber(appendText(appendText(to, opened), p.Event), p.Role), p.Account), p.Amount)
}

func appendTerms(to []byte, t *escrow.Terms) []byte {
	panel := func(to []byte, p escrow.Panel) []byte {
		return appendNumber(appendList(to, p.Arbitrators, appendText[escrow.Address]), p.Quorum)
	}
	to = panel(to, t.AppealPanel)
	to = appendAmount(to, t.ArbitrationFee)
	to = appendText(to, t.Asset)
	to = appendAmount(to, t.Bond)
	to = appendText(to, t.Buyer)
	to = appendNumber(to, t.FallbackPpm)
	to = appendNumber(to, t.FeeBps)
	to = appendNumber(to, t.FundBy)
	to = appendNumber(to, t.Inspection)
	to = appendList(to, t.Milestones, func(to []byte, m escrow.Milestone) []byte {
		return append(appendNumber(appendAmount(to, m.Amount), m.DeliverBy), m.Description[:]...)
	})
	to = panel(to, t.Panel)
	to = append(to, t.Salt[:]...)
	to = appendText(to, t.Seller)
	to = append(to, t.TermsHash[:]...)
	return appendNumber(appendNumber(appendNumber(to, t.Windows.Appeal), t.Windows.Offers), t.Windows.Ruling)
}

func appendMilestone(to []byte, m Milestone) []byte {
	to = appendAmount(to, m.Left)
	to = appendNumber(to, m.DeliveredAt)
	to = append(to, m.Proof[:]...)
	to = appendAmount(to, m.ToSeller, m.ToBuyer, m.Fee)
	for _, o := range m.Offers {
		to = appendOptional(to, o, func(to []byte, o escrow.Offer) []byte {
			return appendAmount(appendNumber(to, o.Phase), o.Of, o.SellerAmount)
		})
	}
	to = appendOptional(to, m.Dispute, appendDispute)
	to = appendNumber(to, m.EndedAt)
	to = appendText(to, m.EndedBy)
	return appendNumber(to, m.Outcome)
}

func appendDispute(to []byte, d Dispute) []byte {
	to = appendNumber(to, d.By)
	to = append(to, d.Reason[:]...)
	to = appendNumber(to, d.Since)
	to = appendAmount(to, d.Aside[:]...)
	to = appendOptional(to, d.AppealBy, appendNumber[escrow.Role])
	to = appendNumber(to, d.AppealedAt)
	to = appendNumber(to, d.RuledAt)
	to = appendList(to, d.Votes, func(to []byte, v Vote) []byte {
		return appendNumber(append(appendNumber(appendNumber(to, v.Role), v.SellerPpm), v.Hash[:]...), v.At)
	})
	to = appendList(to, d.Silent, appendNumber[escrow.Role])
	to = appendAmount(to, d.Paid[:]...)
	return appendAmount(to, d.Vote, d.AppealVote)
}
