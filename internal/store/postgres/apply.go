package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Apply stores a batch as a whole or not at all. It returns store.ErrMoved, and has changed nothing, if a contract's position is not where
// the batch starts from or the feed's head is not what its entries follow: the batch has been applied before, or another process applied
// one meanwhile. After any other error the batch may be stored, if the connection was lost while it was committed: read the positions again.
func (s *Store) Apply(ctx context.Context, b store.Batch) error {
	if err := b.Check(); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	if err := s.write(ctx, func(tx pgx.Tx) error { return apply(ctx, tx, b) }); err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	return nil
}

// lockApply makes batches wait for each other, whatever contracts they move: the feed is one sequence, and whether a transaction of ours is
// projected depends on all positions. The key is the contracts table's, as lockSchema's is the schema's.
const lockApply = `SELECT pg_advisory_xact_lock(1400128883::bigint << 32 | 'contracts'::regclass::oid::bigint)`

func apply(ctx context.Context, tx pgx.Tx, b store.Batch) error {
	found, err := begin(ctx, tx, b)
	if err != nil {
		return err
	}
	// While the server stores the events, this side checks the entries and makes the rows of trades: together they take as long.
	checked, made := make(chan error, 1), make(chan rows, 1)
	go func() { checked <- follows(found.head, b.Feed) }()
	go func() { made <- tradeRows(b.Trades, found) }()
	err = copyEvents(ctx, tx, b.Events)
	broken, r := <-checked, <-made // before any return: the batch is the caller's again then
	if err := errors.Join(err, broken, r.err); err != nil {
		return err
	}
	if err := copyFeed(ctx, tx, b.Feed); err != nil {
		return err
	}
	return writeTrades(ctx, tx, r)
}

// found is what a batch has to know of what is stored.
type found struct {
	head  feed.Head
	known map[escrow.ID]was // those of its trades that are stored
}

// was is what has to be known of a trade before it changes.
type was struct {
	stage escrow.Stage
	loose bool
}

// begin takes the lock, moves the positions and reads what the rest depends on, in one round trip.
func begin(ctx context.Context, tx pgx.Tx, b store.Batch) (found, error) {
	f := found{known: map[escrow.ID]was{}}
	var q pgx.Batch
	q.Queue(lockApply)
	moveContracts(&q, b.Moves)
	setGaps(&q, b.Gaps)
	q.Queue(feedHead).QueryRow(func(row pgx.Row) (err error) {
		f.head, err = scanHead(row)
		return err
	})
	if len(b.Trades) > 0 {
		checkContracts(&q, b.Trades)
		readKnown(&q, openedBefore(b), f)
	}
	if len(b.Moves) > 0 {
		projectTransactions(&q)
	}
	return f, tx.SendBatch(ctx, &q).Close()
}

func readKnown(q *pgx.Batch, opened []string, into found) {
	q.Queue(`SELECT trade, stage, loose FROM standings WHERE opened = ANY($1)`, opened).Query(func(rows pgx.Rows) error {
		var id escrow.ID
		var w was
		_, err := pgx.ForEachRow(rows, []any{(*hash)(&id), &w.stage, &w.loose}, func() error {
			into.known[id] = w
			return nil
		})
		return err
	})
}

// openedBefore are the places of trades that may be stored: not of those that were opened by an event of this batch.
func openedBefore(b store.Batch) []string {
	from := map[string]store.Move{}
	for _, m := range b.Moves {
		from[m.Contract] = m
	}
	opened := []string{}
	for _, c := range b.Trades {
		if m, moves := from[c.Contract]; !moves || c.Opened.Event <= m.From || c.Opened.Event > m.To {
			opened = append(opened, string(c.Opened.Event))
		}
	}
	return opened
}

// moveContracts moves positions from where the batch starts.
func moveContracts(q *pgx.Batch, moves []store.Move) {
	var contract, from, to []string
	var at []int64
	for _, m := range moves {
		contract, from, to, at = append(contract, m.Contract), append(from, string(m.From)), append(to, string(m.To)), append(at, seconds(m.At))
	}
	if len(moves) == 0 {
		return
	}
	q.Queue(`
		UPDATE contracts c SET position = m.goes_to, position_at = greatest(position_at, m.at)
		FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) m (contract, starts_from, goes_to, at)
		WHERE c.contract = m.contract AND c.position = m.starts_from
		RETURNING c.contract`, contract, from, to, at).Query(func(rows pgx.Rows) error {
		moved, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, m := range moves {
			if !slices.Contains(moved, m.Contract) {
				return fmt.Errorf("move %s from %s: %w", m.Contract, m.From, store.ErrMoved)
			}
		}
		return nil
	})
}

func setGaps(q *pgx.Batch, gaps []store.Gap) {
	for _, g := range gaps { // one for a contract that has just lost its source
		q.Queue(`UPDATE contracts SET gap_oldest = $2 WHERE contract = $1 RETURNING contract`, g.Contract, g.Oldest).QueryRow(func(row pgx.Row) error {
			var contract string
			err := row.Scan(&contract)
			if errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("gap of %s: %w", g.Contract, store.ErrMoved)
			}
			return err
		})
	}
}

// checkContracts is what a foreign key would ask for each trade, asked once for each contract.
func checkContracts(q *pgx.Batch, changes []store.Change) {
	var contracts []string
	for _, c := range changes {
		if !slices.Contains(contracts, c.Contract) {
			contracts = append(contracts, c.Contract)
		}
	}
	q.Queue(`SELECT contract FROM contracts WHERE contract = ANY($1)`, contracts).Query(func(rows pgx.Rows) error {
		followed, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, c := range changes {
			if !slices.Contains(followed, c.Contract) {
				return fmt.Errorf("trade %s: contract %s is not followed", c.ID, c.Contract)
			}
		}
		return nil
	})
}

// rows are trades as they are now: all of those that are new, and of the others what may have changed.
type rows struct {
	fresh      []freshTrade
	seats      []seat  // of new trades
	milestones []place // of new trades
	due        []due   // of new trades
	payouts    []payout
	changes    pgx.Batch
	err        error
}

func tradeRows(all []store.Change, f found) (r rows) {
	var stored []known
	var fresh []*store.Trade
	var touched, looseTouched []place
	for _, c := range all {
		if was, ok := f.known[c.ID]; ok {
			k := known{c, was}
			stored = append(stored, k)
			for _, i := range slices.Compact(slices.Sorted(slices.Values(c.Milestones))) {
				touched = append(touched, place{c.Trade, i})
				if was.loose {
					looseTouched = append(looseTouched, place{c.Trade, i})
				}
			}
			continue
		}
		fresh = append(fresh, c.Trade)
		for i := range c.Trade.Milestones {
			r.milestones = append(r.milestones, place{c.Trade, i})
		}
	}
	if r.fresh, r.err = freshTrades(fresh); r.err != nil {
		return r
	}
	r.seats, r.due, r.payouts = newSeats(fresh), newDue(fresh), newPayouts(all)
	r.err = errors.Join(updateTrades(&r.changes, stored), updateMilestones(&r.changes, touched), writeOffers(&r.changes, looseTouched, slices.Concat(touched, r.milestones)),
		writeDisputes(&r.changes, slices.Concat(touched, r.milestones)))
	writeParked(&r.changes, stored, fresh)
	moveDue(&r.changes, stored)
	withhold(&r.changes, all)
	return r
}

func writeTrades(ctx context.Context, tx pgx.Tx, r rows) error {
	if r.changes.Len() > 0 {
		if err := tx.SendBatch(ctx, &r.changes).Close(); err != nil {
			return err
		}
	}
	if err := copyTrades(ctx, tx, r.fresh); err != nil {
		return err
	}
	if err := copySeats(ctx, tx, r.seats); err != nil {
		return err
	}
	if err := copyMilestones(ctx, tx, r.milestones); err != nil {
		return err
	}
	if err := copyDue(ctx, tx, r.due); err != nil {
		return err
	}
	return copyPayouts(ctx, tx, r.payouts)
}
