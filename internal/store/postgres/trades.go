package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Trade reads a trade with everything below it, all as of one moment; store.ErrNotFound.
func (s *Store) Trade(ctx context.Context, id escrow.ID) (store.Trade, error) {
	all, err := s.trades(ctx, tradeQuery+`trades t JOIN standings s ON s.opened = t.opened WHERE t.id = $1`, id[:])
	if err == nil && len(all) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Trade{}, fmt.Errorf("read trade %s: %w", id, err)
	}
	return all[0], nil
}

// TradesByID reads those of up to store.MaxPage trades that are stored, each once, with everything below them and all as of one moment, in the order
// in which they were opened.
func (s *Store) TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error) {
	if len(ids) > store.MaxPage {
		return nil, fmt.Errorf("read %d trades: %w: it is 1 to %d", len(ids), store.ErrLimit, store.MaxPage)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := s.trades(ctx, tradesByID, rawIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read %d trades: %w", len(ids), err)
	}
	slices.SortFunc(all, byOpening)
	return all, nil
}

const tradesByID = tradeQuery + `trades t JOIN standings s ON s.opened = t.opened WHERE t.id = ANY ($1)`

func rawIDs(ids []escrow.ID) [][]byte {
	raw := make([][]byte, len(ids))
	for i := range ids {
		raw[i] = ids[i][:]
	}
	return raw
}

func byOpening(a, b store.Trade) int { return cmp.Compare(a.Opened.Event, b.Opened.Event) }

// Trades lists trades with everything below them, all as of one moment, in the order in which they were opened, or newest first.
func (s *Store) Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	query, args := tradesQuery(f)
	all, err := s.trades(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list trades: %w", err)
	}
	return all, nil
}

func (s *Store) trades(ctx context.Context, query string, args ...any) (all []store.Trade, err error) {
	err = s.snapshot(ctx, func(q querier) error {
		all, err = readTrades(ctx, q, query, args...)
		return err
	})
	return all, err
}

// readTrades runs a query for trades and fills them in; q is a transaction that sees one moment.
func readTrades(ctx context.Context, q querier, query string, args ...any) ([]store.Trade, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.AppendRows([]store.Trade(nil), rows, scanTrade)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, fillTrades(ctx, q, all)
}

func scanTrade(row pgx.CollectableRow) (store.Trade, error) {
	var t store.Trade
	var terms []byte
	if err := row.Scan((*hash)(&t.ID), &t.Contract, &terms, &t.OpenedBy, &t.Stage, units{&t.Bonds[0]}, units{&t.Bonds[1]},
		&t.LastDeadline, &t.Opened.Event, &t.Opened.At, &t.Updated.Event, &t.Updated.At, &t.EndedAt); err != nil {
		return t, err
	}
	if err := json.Unmarshal(terms, &t.Terms); err != nil {
		return t, fmt.Errorf("terms of trade %s: %w", t.ID, err)
	}
	t.Milestones = make([]store.Milestone, len(t.Terms.Milestones))
	return t, nil
}

// known is a stored trade that changes.
type known struct {
	store.Change
	was was
}

// loose tells whether a trade has offers or parked money: rows that may have to go.
func loose(t *store.Trade) bool {
	return len(t.Parked) > 0 || slices.ContainsFunc(t.Milestones, func(m store.Milestone) bool { return m.Offers != [2]*escrow.Offer{} })
}

// freshTrade is a new trade, and its terms as they are kept.
type freshTrade struct {
	*store.Trade
	terms []byte
}

func freshTrades(all []*store.Trade) ([]freshTrade, error) {
	fresh := make([]freshTrade, len(all))
	for i, t := range all {
		text, err := json.Marshal(&t.Terms)
		if err != nil {
			return nil, fmt.Errorf("terms of trade %s: %w", t.ID, err)
		}
		fresh[i] = freshTrade{t, text}
	}
	return fresh, nil
}

func copyTrades(ctx context.Context, tx pgx.Tx, fresh []freshTrade) error {
	if err := copyRows(ctx, tx, "trades", []string{"id", "contract", "buyer", "seller", "terms", "opened_by", "opened", "opened_at", "last_deadline"},
		len(fresh), func(i int, row []any) ([]any, error) {
			t := &fresh[i]
			return append(row, t.ID[:], t.Contract, string(t.Terms.Buyer), string(t.Terms.Seller), t.terms, int64(t.OpenedBy),
				string(t.Opened.Event), seconds(t.Opened.At), seconds(t.LastDeadline)), nil
		}); err != nil {
		return err
	}
	return copyRows(ctx, tx, "standings", []string{"opened", "trade", "contract", "asset", "stage", "loose", "buyer_bond", "seller_bond", "updated", "updated_at", "ended_at"},
		len(fresh), func(i int, row []any) ([]any, error) {
			t := &fresh[i]
			var sum sums
			row = append(row, string(t.Opened.Event), t.ID[:], t.Contract, string(t.Terms.Asset), int64(t.Stage), loose(t.Trade), sum.units(t.Bonds[0]), sum.units(t.Bonds[1]),
				string(t.Updated.Event), seconds(t.Updated.At), seconds(t.EndedAt))
			return row, sum.of(t.ID, "bonds")
		})
}

func copySeats(ctx context.Context, tx pgx.Tx, seats []seat) error {
	return copyRows(ctx, tx, "participants", []string{"account", "part", "final_stage", "opened", "role"}, len(seats), func(i int, row []any) ([]any, error) {
		p := &seats[i]
		return append(row, p.account, p.part, int64(finalStage(p.trade.Stage)), string(p.trade.Opened.Event), int64(p.role)), nil
	})
}

// seat is a participant's row.
type seat struct {
	account, part string
	role          escrow.Role
	trade         *store.Trade
	was           escrow.Stage
}

func addSeats(to []seat, t *store.Trade, was escrow.Stage) []seat {
	for r := range t.Terms.Roles() {
		account, _ := t.Terms.AddressOf(r)
		to = append(to, seat{account: string(account), part: string(store.PartOf(r)), role: r, trade: t, was: was})
	}
	return to
}

// newSeats are those of new trades.
func newSeats(fresh []*store.Trade) (seats []seat) {
	for _, t := range fresh {
		seats = addSeats(seats, t, underWay)
	}
	slices.SortFunc(seats, bySeat)
	return seats
}

// bySeat is the index's order: neighbours in it are on one page.
func bySeat(a, b seat) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.part, b.part), cmp.Compare(a.trade.Opened.Event, b.trade.Opened.Event))
}

func updateTrades(b *pgx.Batch, all []known) error {
	var opened, updated []string
	var stage, buyer, seller, at, ended []int64
	var isLoose []bool
	for _, k := range all {
		t := k.Trade
		var sum sums
		opened, stage, buyer, seller = append(opened, string(t.Opened.Event)), append(stage, int64(t.Stage)), append(buyer, sum.units(t.Bonds[0])), append(seller, sum.units(t.Bonds[1]))
		updated, at, ended = append(updated, string(t.Updated.Event)), append(at, seconds(t.Updated.At)), append(ended, seconds(t.EndedAt))
		isLoose = append(isLoose, loose(t))
		if err := sum.of(t.ID, "bonds"); err != nil {
			return err
		}
	}
	if len(opened) > 0 {
		b.Queue(`
			UPDATE standings s SET stage = c.stage, buyer_bond = c.buyer_bond, seller_bond = c.seller_bond,
				updated = c.updated, updated_at = c.updated_at, ended_at = c.ended_at, loose = c.loose
			FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bool[])
				c (opened, stage, buyer_bond, seller_bond, updated, updated_at, ended_at, loose)
			WHERE s.opened = c.opened`, opened, stage, buyer, seller, updated, at, ended, isLoose)
	}
	moveParticipants(b, all)
	return nil
}

// moveParticipants repeats the stages of trades that have come to rest.
func moveParticipants(b *pgx.Batch, all []known) {
	var seats []seat
	for _, k := range all {
		if finalStage(k.was.stage) != finalStage(k.Stage) {
			seats = addSeats(seats, k.Trade, k.was.stage)
		}
	}
	if len(seats) == 0 {
		return
	}
	slices.SortFunc(seats, bySeat)
	var account, part, opened []string
	var was, is []int64
	for _, p := range seats {
		account, part, opened = append(account, p.account), append(part, p.part), append(opened, string(p.trade.Opened.Event))
		was, is = append(was, int64(finalStage(p.was))), append(is, int64(finalStage(p.trade.Stage)))
	}
	b.Queue(`
		UPDATE participants p SET final_stage = c.final_stage
		FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[]) c (account, part, was, opened, final_stage)
		WHERE p.account = c.account AND p.part = c.part AND p.final_stage = c.was AND p.opened = c.opened`, account, part, was, opened, is)
}
