package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// writeDisputes writes the disputes of milestones, new or as they have become, and the votes in them.
func writeDisputes(b *pgx.Batch, all []place) error {
	var reason [][]byte
	var index, role, since, appealed, ruled, vote, appealVote []int64
	var id, buyerAside, sellerAside, buyerPaid, sellerPaid, silent []string
	var appealBy []*int64
	for _, p := range all {
		d := p.milestone().Dispute
		if d == nil {
			continue
		}
		var sum sums
		id, index, role, reason, since = append(id, string(p.Opened.Event)), append(index, int64(p.i)), append(role, int64(d.By)), append(reason, d.Reason[:]), append(since, seconds(d.Since))
		buyerAside, sellerAside = append(buyerAside, d.Aside[0].Units()), append(sellerAside, d.Aside[1].Units())
		buyerPaid, sellerPaid = append(buyerPaid, d.Paid[0].Units()), append(sellerPaid, d.Paid[1].Units())
		appealed, ruled, silent = append(appealed, seconds(d.AppealedAt)), append(ruled, seconds(d.RuledAt)), append(silent, seats(d.Silent))
		vote, appealVote = append(vote, sum.units(d.Vote)), append(appealVote, sum.units(d.AppealVote))
		var by *int64
		if d.AppealBy != nil {
			by = new(int64(*d.AppealBy))
		}
		appealBy = append(appealBy, by)
		if err := sum.of(p.ID, fmt.Sprintf("milestone %d: dispute", p.i)); err != nil {
			return err
		}
	}
	if len(id) == 0 {
		return nil
	}
	b.Queue(`
		INSERT INTO disputes (opened, milestone, role, reason, since, buyer_aside, seller_aside, appeal_by, appealed_at, ruled_at, silent,
			buyer_paid, seller_paid, vote, appeal_vote)
		SELECT opened, milestone, role, reason, since, buyer_aside::numeric, seller_aside::numeric, appeal_by, appealed_at, ruled_at, silent::smallint[],
			buyer_paid::numeric, seller_paid::numeric, vote, appeal_vote
		FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[],
			$12::text[], $13::text[], $14::bigint[], $15::bigint[])
			c (opened, milestone, role, reason, since, buyer_aside, seller_aside, appeal_by, appealed_at, ruled_at, silent, buyer_paid, seller_paid, vote, appeal_vote)
		ON CONFLICT (opened, milestone) DO UPDATE SET buyer_aside = excluded.buyer_aside, seller_aside = excluded.seller_aside,
			appeal_by = excluded.appeal_by, appealed_at = excluded.appealed_at, ruled_at = excluded.ruled_at, silent = excluded.silent,
			buyer_paid = excluded.buyer_paid, seller_paid = excluded.seller_paid, vote = excluded.vote, appeal_vote = excluded.appeal_vote`,
		id, index, role, reason, since, buyerAside, sellerAside, appealBy, appealed, ruled, silent, buyerPaid, sellerPaid, vote, appealVote)
	writeVotes(b, all)
	return nil
}

// seats is the text of an array of roles: an array of arrays would have to be of one length.
func seats(roles []escrow.Role) string {
	text := []byte{'{'}
	for i, r := range roles {
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Append(text, uint32(r))
	}
	return string(append(text, '}'))
}

// writeVotes adds the votes that are not there yet: a vote, once cast, never changes.
func writeVotes(b *pgx.Batch, all []place) {
	var id []string
	var hashes [][]byte
	var index, at, role, ppm, place []int64
	for _, p := range all {
		d := p.milestone().Dispute
		if d == nil {
			continue
		}
		for n, v := range d.Votes {
			id, index, place, role = append(id, string(p.Opened.Event)), append(index, int64(p.i)), append(place, int64(n)), append(role, int64(v.Role))
			ppm, hashes, at = append(ppm, int64(v.SellerPpm)), append(hashes, v.Hash[:]), append(at, seconds(v.At))
		}
	}
	if len(id) > 0 {
		b.Queue(`
			INSERT INTO votes (opened, milestone, place, role, seller_ppm, hash, voted_at)
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bigint[])
			ON CONFLICT (opened, milestone, place) DO NOTHING`, id, index, place, role, ppm, hashes, at)
	}
}
