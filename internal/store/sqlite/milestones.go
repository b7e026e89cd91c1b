package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// below reads what hangs on a trade: each statement once prepared, for a whole list.
type below struct{ milestones, offers, disputes, votes, parked *sql.Stmt }

func prepareBelow(ctx context.Context, tx *sql.Tx) (b below, err error) {
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&b.milestones, `SELECT milestone, left_over, delivered_at, proof, to_seller, to_buyer, fee, ended_at, ended_by, outcome
			FROM milestones WHERE trade = ? ORDER BY milestone`},
		{&b.offers, `SELECT milestone, role, of, phase, seller_amount FROM offers WHERE trade = ? ORDER BY milestone, role`},
		{&b.disputes, `SELECT milestone, role, reason, since, buyer_aside, seller_aside, appeal_by, appealed_at, ruled_at, silent,
			buyer_paid, seller_paid, vote, appeal_vote FROM disputes WHERE trade = ? ORDER BY milestone`},
		{&b.votes, `SELECT milestone, role, seller_ppm, hash, voted_at FROM votes WHERE trade = ? ORDER BY milestone, place`},
		{&b.parked, `SELECT role, amount FROM parked WHERE trade = ? ORDER BY role`},
	} {
		if *p.stmt, err = tx.PrepareContext(ctx, p.text); err != nil {
			b.close()
			return b, err
		}
	}
	return b, nil
}

func (b below) close() {
	for _, stmt := range []*sql.Stmt{b.milestones, b.offers, b.disputes, b.votes, b.parked} {
		if stmt != nil {
			stmt.Close()
		}
	}
}

func (b below) fill(ctx context.Context, t *store.Trade) error {
	milestone := func(i int) (*store.Milestone, error) {
		if i < 0 || i >= len(t.Milestones) {
			return nil, fmt.Errorf("milestone %d of %d", i, len(t.Milestones))
		}
		return &t.Milestones[i], nil
	}
	if err := each(ctx, b.milestones, t.ID, func(row scanner) error {
		var i int
		var m store.Milestone
		if err := row.Scan(&i, (*units)(&m.Left), &m.DeliveredAt, (*hash)(&m.Proof), (*units)(&m.ToSeller), (*units)(&m.ToBuyer), (*units)(&m.Fee),
			&m.EndedAt, &m.EndedBy, &m.Outcome); err != nil {
			return err
		}
		to, err := milestone(i)
		if err == nil {
			*to = m
		}
		return err
	}); err != nil {
		return fmt.Errorf("milestones: %w", err)
	}
	if err := each(ctx, b.offers, t.ID, func(row scanner) error {
		var i int
		var by escrow.Role
		var o escrow.Offer
		if err := row.Scan(&i, &by, (*units)(&o.Of), &o.Phase, (*units)(&o.SellerAmount)); err != nil {
			return err
		}
		to, err := milestone(i)
		if err == nil && by.IsParty() {
			to.Offers[by] = &o
		}
		return err
	}); err != nil {
		return fmt.Errorf("offers: %w", err)
	}
	if err := each(ctx, b.disputes, t.ID, func(row scanner) error {
		var i int
		var d store.Dispute
		if err := row.Scan(&i, &d.By, (*hash)(&d.Reason), &d.Since, (*wide)(&d.Aside[0]), (*wide)(&d.Aside[1]), &d.AppealBy, &d.AppealedAt, &d.RuledAt,
			document[[]escrow.Role]{&d.Silent}, (*wide)(&d.Paid[0]), (*wide)(&d.Paid[1]), (*units)(&d.Vote), (*units)(&d.AppealVote)); err != nil {
			return err
		}
		to, err := milestone(i)
		if err == nil {
			to.Dispute = &d
		}
		return err
	}); err != nil {
		return fmt.Errorf("disputes: %w", err)
	}
	if err := each(ctx, b.votes, t.ID, func(row scanner) error {
		var i int
		var v store.Vote
		if err := row.Scan(&i, &v.Role, &v.SellerPpm, (*hash)(&v.Hash), &v.At); err != nil {
			return err
		}
		to, err := milestone(i)
		if err == nil && to.Dispute != nil {
			to.Dispute.Votes = append(to.Dispute.Votes, v)
		}
		return err
	}); err != nil {
		return fmt.Errorf("votes: %w", err)
	}
	if err := each(ctx, b.parked, t.ID, func(row scanner) error {
		var p escrow.Parcel
		if err := row.Scan(&p.Role, (*wide)(&p.Amount)); err != nil {
			return err
		}
		t.Parked = append(t.Parked, p)
		return nil
	}); err != nil {
		return fmt.Errorf("parked: %w", err)
	}
	return nil
}

func each(ctx context.Context, stmt *sql.Stmt, id escrow.ID, scan func(scanner) error) error {
	rows, err := stmt.QueryContext(ctx, id[:])
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func writeMilestone(ctx context.Context, tx *writer, trade escrow.ID, i int, m *store.Milestone, fresh bool) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO milestones (trade, milestone, left_over, delivered_at, proof, to_seller, to_buyer, fee, ended_at, ended_by, outcome)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (trade, milestone) DO UPDATE SET left_over = excluded.left_over, delivered_at = excluded.delivered_at, proof = excluded.proof,
			to_seller = excluded.to_seller, to_buyer = excluded.to_buyer, fee = excluded.fee,
			ended_at = excluded.ended_at, ended_by = excluded.ended_by, outcome = excluded.outcome`,
		trade[:], i, units(m.Left), seconds(m.DeliveredAt), m.Proof[:], units(m.ToSeller), units(m.ToBuyer), units(m.Fee),
		seconds(m.EndedAt), m.EndedBy, m.Outcome); err != nil {
		return err
	}
	for by, o := range m.Offers {
		if o == nil && fresh {
			continue // there is none to take away
		}
		if err := writeOffer(ctx, tx, trade, i, by, o); err != nil {
			return fmt.Errorf("offer of role %d: %w", by, err)
		}
	}
	if m.Dispute == nil {
		return nil
	}
	if err := writeDispute(ctx, tx, trade, i, m.Dispute); err != nil {
		return fmt.Errorf("dispute: %w", err)
	}
	return nil
}

func writeOffer(ctx context.Context, tx *writer, trade escrow.ID, i, by int, o *escrow.Offer) error {
	if o == nil {
		_, err := tx.ExecContext(ctx, `DELETE FROM offers WHERE trade = ? AND milestone = ? AND role = ?`, trade[:], i, by)
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO offers (trade, milestone, role, of, phase, seller_amount) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (trade, milestone, role) DO UPDATE SET of = excluded.of, phase = excluded.phase, seller_amount = excluded.seller_amount`,
		trade[:], i, by, units(o.Of), o.Phase, units(o.SellerAmount))
	return err
}

func writeDispute(ctx context.Context, tx *writer, trade escrow.ID, i int, d *store.Dispute) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO disputes (trade, milestone, role, reason, since, buyer_aside, seller_aside, appeal_by, appealed_at, ruled_at, silent,
			buyer_paid, seller_paid, vote, appeal_vote)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (trade, milestone) DO UPDATE SET buyer_aside = excluded.buyer_aside, seller_aside = excluded.seller_aside,
			appeal_by = excluded.appeal_by, appealed_at = excluded.appealed_at, ruled_at = excluded.ruled_at, silent = excluded.silent,
			buyer_paid = excluded.buyer_paid, seller_paid = excluded.seller_paid, vote = excluded.vote, appeal_vote = excluded.appeal_vote`,
		trade[:], i, d.By, d.Reason[:], seconds(d.Since), wide(d.Aside[0]), wide(d.Aside[1]), d.AppealBy, seconds(d.AppealedAt), seconds(d.RuledAt),
		document[[]escrow.Role]{&d.Silent}, wide(d.Paid[0]), wide(d.Paid[1]), units(d.Vote), units(d.AppealVote)); err != nil {
		return err
	}
	for place, v := range d.Votes {
		// A vote, once cast, never changes.
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO votes (trade, milestone, place, role, seller_ppm, hash, voted_at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (trade, milestone, place) DO NOTHING`,
			trade[:], i, place, v.Role, v.SellerPpm, v.Hash[:], seconds(v.At)); err != nil {
			return fmt.Errorf("vote %d: %w", place, err)
		}
	}
	return nil
}
