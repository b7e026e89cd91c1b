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
	return copyRows(ctx, tx, "milestones", []string{"trade", "milestone", "left_over", "delivered_at", "proof", "to_seller", "to_buyer", "fee", "ended_at", "ended_by",
		"outcome"}, len(fresh), func(i int, row []any) ([]any, error) {
		p, m := fresh[i], fresh[i].milestone()
		var sum sums
		row = append(row, p.ID[:], int64(p.i), sum.units(m.Left), seconds(m.DeliveredAt), m.Proof[:], sum.units(m.ToSeller), sum.units(m.ToBuyer), sum.units(m.Fee),
			seconds(m.EndedAt), m.EndedBy, int64(m.Outcome))
		return row, sum.of(p.ID, fmt.Sprint("milestone ", p.i))
	})
}

func updateMilestones(b *pgx.Batch, touched []place) error {
	if len(touched) == 0 {
		return nil
	}
	var id, proof [][]byte
	var index, left, delivered, seller, buyer, fee, ended, outcome []int64
	var by []string
	for _, p := range touched {
		m := p.milestone()
		var sum sums
		id, index, left, delivered, proof = append(id, p.ID[:]), append(index, int64(p.i)), append(left, sum.units(m.Left)), append(delivered, seconds(m.DeliveredAt)), append(proof, m.Proof[:])
		seller, buyer, fee = append(seller, sum.units(m.ToSeller)), append(buyer, sum.units(m.ToBuyer)), append(fee, sum.units(m.Fee))
		ended, by, outcome = append(ended, seconds(m.EndedAt)), append(by, m.EndedBy), append(outcome, int64(m.Outcome))
		if err := sum.of(p.ID, fmt.Sprint("milestone ", p.i)); err != nil {
			return err
		}
	}
	b.Queue(`
		UPDATE milestones m SET left_over = c.left_over, delivered_at = c.delivered_at, proof = c.proof,
			to_seller = c.to_seller, to_buyer = c.to_buyer, fee = c.fee, ended_at = c.ended_at, ended_by = c.ended_by, outcome = c.outcome
		FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::bigint[])
			c (trade, milestone, left_over, delivered_at, proof, to_seller, to_buyer, fee, ended_at, ended_by, outcome)
		WHERE m.trade = c.trade AND m.milestone = c.milestone`, id, index, left, delivered, proof, seller, buyer, fee, ended, by, outcome)
	return nil
}

// writeOffers takes away the offers that milestones of stored trades no longer have, and writes those that there are.
func writeOffers(b *pgx.Batch, touched, fresh []place) error {
	var goneID, id [][]byte
	var goneIndex, goneRole, index, role, of, phase, amounts []int64
	add := func(p place, stored bool) error {
		for side, o := range p.milestone().Offers {
			if o == nil {
				if stored {
					goneID, goneIndex, goneRole = append(goneID, p.ID[:]), append(goneIndex, int64(p.i)), append(goneRole, int64(side))
				}
				continue
			}
			var sum sums
			id, index, role, phase = append(id, p.ID[:]), append(index, int64(p.i)), append(role, int64(side)), append(phase, int64(o.Phase))
			of, amounts = append(of, sum.units(o.Of)), append(amounts, sum.units(o.SellerAmount))
			if err := sum.of(p.ID, fmt.Sprintf("milestone %d: offer of role %d", p.i, side)); err != nil {
				return err
			}
		}
		return nil
	}
	for _, p := range touched {
		if err := add(p, true); err != nil {
			return err
		}
	}
	for _, p := range fresh {
		if err := add(p, false); err != nil {
			return err
		}
	}
	if len(goneID) > 0 {
		b.Queue(`
			DELETE FROM offers o USING unnest($1::bytea[], $2::bigint[], $3::bigint[]) c (trade, milestone, role)
			WHERE o.trade = c.trade AND o.milestone = c.milestone AND o.role = c.role`, goneID, goneIndex, goneRole)
	}
	if len(id) > 0 {
		b.Queue(`
			INSERT INTO offers (trade, milestone, role, of, phase, seller_amount)
			SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
			ON CONFLICT (trade, milestone, role) DO UPDATE SET of = excluded.of, phase = excluded.phase, seller_amount = excluded.seller_amount`,
			id, index, role, of, phase, amounts)
	}
	return nil
}

// writeParked replaces what is parked in trades.
func writeParked(b *pgx.Batch, stored []known, fresh []*store.Trade) {
	var gone, id [][]byte
	var role []int64
	var amounts []string
	add := func(t *store.Trade) {
		for _, p := range t.Parked {
			id, role, amounts = append(id, t.ID[:]), append(role, int64(p.Role)), append(amounts, p.Amount.Units())
		}
	}
	for _, k := range stored {
		gone = append(gone, k.ID[:])
		add(k.Trade)
	}
	for _, t := range fresh {
		add(t)
	}
	if len(gone) > 0 {
		b.Queue(`DELETE FROM parked p USING unnest($1::bytea[]) c (trade) WHERE p.trade = c.trade`, gone)
	}
	if len(id) > 0 {
		b.Queue(`
			INSERT INTO parked (trade, role, amount)
			SELECT trade, role, amount::numeric FROM unnest($1::bytea[], $2::bigint[], $3::text[]) c (trade, role, amount)`, id, role, amounts)
	}
}
