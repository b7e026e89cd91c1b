package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// place is a milestone of a trade.
type place struct {
	*store.Trade
	i int
}

func (p place) milestone() *store.Milestone { return &p.Milestones[p.i] }

// sums collects what is wrong with the amounts of one row.
type sums struct{ err error }

// units is an amount as a bigint of smallest units; an amount of more than 64 bits is an error.
func (s *sums) units(a amount.Int128) int64 {
	n, err := a.Stroops()
	if err != nil && s.err == nil {
		s.err = err
	}
	return int64(n)
}

func (s *sums) of(id escrow.ID, what string) error {
	if s.err != nil {
		return fmt.Errorf("trade %s: %s: %w", id, what, s.err)
	}
	return nil
}

func copyMilestones(ctx context.Context, tx pgx.Tx, fresh []place) error {
	return copyRows(ctx, tx, "milestones", []string{"opened", "milestone", "left_over", "delivered_at", "proof", "to_seller", "to_buyer", "fee", "ended_at", "ended_by",
		"outcome"}, len(fresh), func(i int, row []any) ([]any, error) {
		p, m := fresh[i], fresh[i].milestone()
		var sum sums
		row = append(row, string(p.Opened.Event), int64(p.i), sum.units(m.Left), seconds(m.DeliveredAt), m.Proof[:], sum.units(m.ToSeller), sum.units(m.ToBuyer), sum.units(m.Fee),
			seconds(m.EndedAt), m.EndedBy, int64(m.Outcome))
		return row, sum.of(p.ID, fmt.Sprint("milestone ", p.i))
	})
}

func updateMilestones(b *pgx.Batch, touched []place) error {
	if len(touched) == 0 {
		return nil
	}
	var proof [][]byte
	var index, left, delivered, seller, buyer, fee, ended, outcome []int64
	var id, by []string
	for _, p := range touched {
		m := p.milestone()
		var sum sums
		id, index, left, delivered, proof = append(id, string(p.Opened.Event)), append(index, int64(p.i)), append(left, sum.units(m.Left)), append(delivered, seconds(m.DeliveredAt)), append(proof, m.Proof[:])
		seller, buyer, fee = append(seller, sum.units(m.ToSeller)), append(buyer, sum.units(m.ToBuyer)), append(fee, sum.units(m.Fee))
		ended, by, outcome = append(ended, seconds(m.EndedAt)), append(by, m.EndedBy), append(outcome, int64(m.Outcome))
		if err := sum.of(p.ID, fmt.Sprint("milestone ", p.i)); err != nil {
			return err
		}
	}
	b.Queue(`
		UPDATE milestones m SET left_over = c.left_over, delivered_at = c.delivered_at, proof = c.proof,
			to_seller = c.to_seller, to_buyer = c.to_buyer, fee = c.fee, ended_at = c.ended_at, ended_by = c.ended_by, outcome = c.outcome
		FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::bigint[])
			c (opened, milestone, left_over, delivered_at, proof, to_seller, to_buyer, fee, ended_at, ended_by, outcome)
		WHERE m.opened = c.opened AND m.milestone = c.milestone`, id, index, left, delivered, proof, seller, buyer, fee, ended, by, outcome)
	return nil
}

// writeOffers takes away the offers that milestones of loose trades no longer have, and writes those that there are in all.
func writeOffers(b *pgx.Batch, loose, all []place) error {
	var storedID, id []string
	var storedIndex, index, role, of, phase, amounts []int64
	var buyers, sellers []bool // whether that side has one
	for _, p := range loose {
		offers := p.milestone().Offers
		storedID, storedIndex = append(storedID, string(p.Opened.Event)), append(storedIndex, int64(p.i))
		buyers, sellers = append(buyers, offers[escrow.Buyer] != nil), append(sellers, offers[escrow.Seller] != nil)
	}
	for _, p := range all {
		for side, o := range p.milestone().Offers {
			if o == nil {
				continue
			}
			var sum sums
			id, index, role, phase = append(id, string(p.Opened.Event)), append(index, int64(p.i)), append(role, int64(side)), append(phase, int64(o.Phase))
			of, amounts = append(of, sum.units(o.Of)), append(amounts, sum.units(o.SellerAmount))
			if err := sum.of(p.ID, fmt.Sprintf("milestone %d: offer of role %d", p.i, side)); err != nil {
				return err
			}
		}
	}
	if len(storedID) > 0 {
		b.Queue(`
			DELETE FROM offers o USING unnest($1::text[], $2::bigint[], $3::bool[], $4::bool[]) c (opened, milestone, buyer, seller)
			WHERE o.opened = c.opened AND o.milestone = c.milestone AND NOT CASE o.role WHEN 0 THEN c.buyer ELSE c.seller END`,
			storedID, storedIndex, buyers, sellers)
	}
	if len(id) > 0 {
		b.Queue(`
			INSERT INTO offers (opened, milestone, role, of, phase, seller_amount)
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
			ON CONFLICT (opened, milestone, role) DO UPDATE SET of = excluded.of, phase = excluded.phase, seller_amount = excluded.seller_amount`,
			id, index, role, of, phase, amounts)
	}
	return nil
}

// writeParked replaces what is parked in trades.
func writeParked(b *pgx.Batch, stored []known, fresh []*store.Trade) {
	var gone, id, amounts []string
	var role []int64
	add := func(t *store.Trade) {
		for _, p := range t.Parked {
			id, role, amounts = append(id, string(t.Opened.Event)), append(role, int64(p.Role)), append(amounts, p.Amount.Units())
		}
	}
	for _, k := range stored {
		if k.was.loose {
			gone = append(gone, string(k.Opened.Event))
		}
		add(k.Trade)
	}
	for _, t := range fresh {
		add(t)
	}
	if len(gone) > 0 {
		b.Queue(`DELETE FROM parked p USING unnest($1::text[]) c (opened) WHERE p.opened = c.opened`, gone)
	}
	if len(id) > 0 {
		b.Queue(`
			INSERT INTO parked (opened, role, amount)
			SELECT opened, role, amount::numeric FROM unnest($1::text[], $2::bigint[], $3::text[]) c (opened, role, amount)`, id, role, amounts)
	}
}
