package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// fillTrades reads what hangs on trades: one statement for each table, all sent together. Within one, rows come in no order.
func fillTrades(ctx context.Context, q querier, all []store.Trade) error {
	opened, at := make([]string, len(all)), make(map[string]*store.Trade, len(all))
	for i := range all {
		opened[i] = string(all[i].Opened.Event)
		at[opened[i]] = &all[i]
	}
	milestone := func(opening string, i int) (*store.Milestone, error) {
		t := at[opening]
		if i < 0 || i >= len(t.Milestones) {
			return nil, fmt.Errorf("milestone %d of %d", i, len(t.Milestones))
		}
		return &t.Milestones[i], nil
	}
	var b pgx.Batch
	each := func(what, sql string, scan func(row pgx.Rows) error) {
		b.Queue(sql, opened).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := scan(rows); err != nil {
					return fmt.Errorf("%s: %w", what, err)
				}
			}
			return rows.Err()
		})
	}
	each("milestones", `SELECT opened, milestone, left_over, delivered_at, proof, to_seller, to_buyer, fee, ended_at, ended_by, outcome
		FROM milestones WHERE opened = ANY($1)`, func(row pgx.Rows) error {
		var opening string
		var i int
		var m store.Milestone
		if err := row.Scan(&opening, &i, units{&m.Left}, &m.DeliveredAt, (*hash)(&m.Proof), units{&m.ToSeller}, units{&m.ToBuyer}, units{&m.Fee},
			&m.EndedAt, &m.EndedBy, &m.Outcome); err != nil {
			return err
		}
		to, err := milestone(opening, i)
		if err == nil {
			*to = m
		}
		return err
	})
	each("offers", `SELECT opened, milestone, role, of, phase, seller_amount FROM offers WHERE opened = ANY($1)`, func(row pgx.Rows) error {
		var opening string
		var i int
		var by escrow.Role
		var o escrow.Offer
		if err := row.Scan(&opening, &i, &by, units{&o.Of}, &o.Phase, units{&o.SellerAmount}); err != nil {
			return err
		}
		to, err := milestone(opening, i)
		if err == nil && by.IsParty() {
			to.Offers[by] = &o
		}
		return err
	})
	each("disputes", `SELECT opened, milestone, role, reason, since, buyer_aside::text, seller_aside::text, appeal_by, appealed_at, ruled_at, silent,
		buyer_paid::text, seller_paid::text, vote, appeal_vote FROM disputes WHERE opened = ANY($1)`, func(row pgx.Rows) error {
		var opening string
		var i int
		var d store.Dispute
		if err := row.Scan(&opening, &i, &d.By, (*hash)(&d.Reason), &d.Since, wide{&d.Aside[0]}, wide{&d.Aside[1]}, &d.AppealBy, &d.AppealedAt, &d.RuledAt,
			&d.Silent, wide{&d.Paid[0]}, wide{&d.Paid[1]}, units{&d.Vote}, units{&d.AppealVote}); err != nil {
			return err
		}
		if len(d.Silent) == 0 {
			d.Silent = nil
		}
		to, err := milestone(opening, i)
		if err == nil {
			to.Dispute = &d
		}
		return err
	})
	each("votes", `SELECT opened, milestone, place, role, seller_ppm, hash, voted_at FROM votes WHERE opened = ANY($1)`, func(row pgx.Rows) error {
		var opening string
		var i, place int
		var v store.Vote
		if err := row.Scan(&opening, &i, &place, &v.Role, &v.SellerPpm, (*hash)(&v.Hash), &v.At); err != nil {
			return err
		}
		to, err := milestone(opening, i)
		if err != nil || to.Dispute == nil {
			return err
		}
		d := to.Dispute
		if place < 0 || place >= 1<<15 {
			return fmt.Errorf("vote %d", place)
		}
		for len(d.Votes) <= place {
			d.Votes = append(d.Votes, store.Vote{})
		}
		d.Votes[place] = v
		return nil
	})
	each("parked", `SELECT opened, role, amount::text FROM parked WHERE opened = ANY($1)`, func(row pgx.Rows) error {
		var opening string
		var p escrow.Parcel
		if err := row.Scan(&opening, &p.Role, wide{&p.Amount}); err != nil {
			return err
		}
		at[opening].Parked = append(at[opening].Parked, p)
		return nil
	})
	if err := q.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	for i := range all {
		slices.SortFunc(all[i].Parked, func(a, b escrow.Parcel) int { return int(a.Role) - int(b.Role) })
	}
	return nil
}
