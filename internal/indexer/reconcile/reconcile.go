package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Node reads ledger entries. *rpc.Client is one.
type Node interface {
	Entries(ctx context.Context, keys ...xdr.LedgerKey) (entries []rpc.Entry, latest uint32, err error)
}

// Store is what is projected. internal/store says what each method promises.
type Store interface {
	Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error)
	Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error)
	TradesByID(ctx context.Context, ids []escrow.ID) ([]store.Trade, error)
	Events(ctx context.Context, f store.EventFilter) ([]store.Event, error)
}

// Balances tells what a contract has in an asset, in its smallest part. Two of them that ask different servers can be compared.
type Balances interface {
	Balance(ctx context.Context, asset, holder stellar.Address) (amount.Int128, error)
}

// Config says what to compare. All fields but Second and Ended are required.
type Config struct {
	Node  Node
	Store Store
	// Await returns once every event up to a ledger is projected.
	Await func(ctx context.Context, ledger uint32) error
	First Balances
	// Second is another source of balances, nil for none.
	Second Balances
	// Ended is how many of the trades that are over are looked at, of each contract and stage, those opened last; below 0 all. Only if all are
	// looked at, what trades hold can be compared with what is owed: one that ended long ago may have parked money.
	Ended int
}

// The bounds of a comparison.
const (
	page   = 200 // what one getLedgerEntries takes
	rounds = 5   // how often a trade is read again that has changed meanwhile
)

// Report is what a comparison has found. It has compared nothing if Trades and Assets are 0, and then proves nothing.
type Report struct {
	Ledger   uint32   // all of it is compared at this ledger or a later one
	Trades   int      // compared
	Archived int      // of them not compared: their entry has been put away and can be restored
	Moving   int      // of them not compared: they changed each time they were read
	Dropped  []string // contracts that nobody follows any more: what is stored of them is as of when that ended
	Assets   []Asset
	Findings []Finding
}

// Asset is what a contract owes in an asset, and has.
type Asset struct {
	Contract, Asset string
	Owed, Fees      amount.Int128
	Trades          amount.Int128 // what the projected trades add up to: Owed without Fees
	Balance         amount.Int128
	Second          *amount.Int128 // by the second source; nil without one
}

// Finding is one thing that is not as it should be.
type Finding struct {
	Contract string
	Trade    string // empty for what is of an asset
	What     string // "milestones[0].left: projected 5, stored 3"
}

func (f Finding) String() string {
	if f.Trade == "" {
		return fmt.Sprintf("contract %s: %s", f.Contract, f.What)
	}
	return fmt.Sprintf("trade %s of contract %s: %s", f.Trade, f.Contract, f.What)
}

// Run compares everything once.
func Run(ctx context.Context, config Config) (Report, error) {
	c := &comparison{Config: config, sums: map[pair]amount.Int128{}}
	contracts, err := c.Store.Contracts(ctx, "", store.MaxPage)
	if err != nil {
		return c.report, fmt.Errorf("reconcile: %w", err)
	}
	for _, contract := range contracts {
		if contract.Dropped {
			c.report.Dropped = append(c.report.Dropped, contract.ID)
			continue
		}
		address, err := stellar.ParseAddress(contract.ID)
		if err != nil {
			return c.report, fmt.Errorf("reconcile: %w", err)
		}
		if err := c.contract(ctx, address, contract.ID); err != nil {
			return c.report, fmt.Errorf("reconcile contract %s: %w", contract.ID, err)
		}
	}
	return c.report, nil
}

type pair struct{ contract, asset string }

type comparison struct {
	Config
	report Report
	sums   map[pair]amount.Int128      // of what the trades hold
	held   map[escrow.ID]amount.Int128 // of them, each of the contract's, as it was when it was compared
	since  uint32                      // the first ledger at which one was compared
	part   bool                        // not all trades of the contract are looked at
}

func (c *comparison) contract(ctx context.Context, contract stellar.Address, id string) error {
	c.held, c.since, c.part = map[escrow.ID]amount.Int128{}, 0, false
	for _, stage := range []escrow.Stage{escrow.StageOpen, escrow.StageAgreed, escrow.StageFunded, escrow.StageEnded, escrow.StageCancelled} {
		if err := c.stage(ctx, contract, id, stage); err != nil {
			return fmt.Errorf("stage %d: %w", stage, err)
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(c.sums), func(a, b pair) int { return strings.Compare(a.asset, b.asset) }) {
		if p.contract != id {
			continue
		}
		if err := c.asset(ctx, contract, p); err != nil {
			return fmt.Errorf("asset %s: %w", p.asset, err)
		}
	}
	return nil
}

// stage compares the trades of one stage; of those that are over, the ones that were opened last.
func (c *comparison) stage(ctx context.Context, contract stellar.Address, id string, stage escrow.Stage) error {
	over := stage == escrow.StageEnded || stage == escrow.StageCancelled
	filter := store.TradeFilter{Contract: id, Stage: &stage, Page: store.Page{Limit: page, Newest: over}}
	for left := c.Ended; ; left -= page {
		if over && c.Ended >= 0 {
			if left <= 0 {
				c.part = true // there may be more
				return nil
			}
			filter.Limit = min(page, left)
		}
		trades, err := c.Store.Trades(ctx, filter)
		if err != nil || len(trades) == 0 {
			return err
		}
		if err := c.trades(ctx, contract, trades); err != nil {
			return err
		}
		filter.After = trades[len(trades)-1].Opened.Event
	}
}

// trades compares a page of trades. One that changes while it is looked at is looked at again.
func (c *comparison) trades(ctx context.Context, contract stellar.Address, trades []store.Trade) error {
	for range rounds {
		if len(trades) == 0 {
			return nil
		}
		again, err := c.round(ctx, contract, trades)
		if err != nil {
			return err
		}
		trades = again
	}
	c.report.Moving += len(trades)
	for i := range trades {
		p := pair{trades[i].Contract, string(trades[i].Terms.Asset)}
		c.sums[p] = c.sums[p].Plus(amount.Int128{}) // so that its asset is looked at; what it holds, the events since tell
	}
	return nil
}

// round reads the trades' entries, waits until everything up to their ledger is projected, and compares those that are then as they were
// before: they have been so throughout. It returns the others, as they are now.
func (c *comparison) round(ctx context.Context, contract stellar.Address, trades []store.Trade) (again []store.Trade, err error) {
	keys := make([]xdr.LedgerKey, len(trades))
	for i := range trades {
		keys[i] = stellar.TradeKey(contract, trades[i].ID)
	}
	entries, ledger, err := c.Node.Entries(ctx, keys...)
	if err != nil {
		return nil, err
	}
	if err := c.Await(ctx, ledger); err != nil {
		return nil, err
	}
	if c.since == 0 || ledger < c.since {
		c.since = ledger
	}
	values := map[string]rpc.Entry{}
	for _, e := range entries {
		text, err := stellar.Encode(e.Key)
		if err != nil {
			return nil, err
		}
		values[text] = e
	}
	nows, err := c.now(ctx, trades)
	if err != nil {
		return nil, err
	}
	for i := range trades {
		now := nows[trades[i].ID]
		if now.Updated != trades[i].Updated || now.Updated.Event.Ledger() > ledger {
			again = append(again, now)
			continue
		}
		text, err := stellar.Encode(keys[i])
		if err != nil {
			return nil, err
		}
		entry, there := values[text]
		c.compare(&now, entry, there)
		c.report.Ledger = max(c.report.Ledger, ledger)
	}
	return again, nil
}

// now reads trades again, together.
func (c *comparison) now(ctx context.Context, trades []store.Trade) (map[escrow.ID]store.Trade, error) {
	ids := make([]escrow.ID, len(trades))
	for i := range trades {
		ids[i] = trades[i].ID
	}
	found, err := c.Store.TradesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	nows := make(map[escrow.ID]store.Trade, len(found))
	for _, t := range found {
		nows[t.ID] = t
	}
	for _, id := range ids {
		if _, ok := nows[id]; !ok {
			return nil, fmt.Errorf("trade %s: %w", id, store.ErrNotFound)
		}
	}
	return nows, nil
}

// compare holds a trade against its entry.
func (c *comparison) compare(t *store.Trade, entry rpc.Entry, there bool) {
	p := pair{t.Contract, string(t.Terms.Asset)}
	before, again := c.held[t.ID] // it has come from one stage's list into another's
	held, err := holds(t)
	more, sumErr := held.Sub(before)
	sum := c.sums[p]
	if sumErr == nil {
		sum, sumErr = sum.Add(more)
	}
	if err = errors.Join(err, sumErr); err != nil {
		c.find(t, "what trades hold cannot be added up: "+err.Error())
	} else {
		c.sums[p], c.held[t.ID] = sum, held
	}
	if !there {
		c.report.Archived++
		return
	}
	if !again {
		c.report.Trades++
	}
	if entry.Data.ContractData == nil {
		c.find(t, "its entry is none of a contract")
		return
	}
	stored, err := stellar.ReadStoredTrade(entry.Data.ContractData.Val)
	if err != nil {
		c.find(t, err.Error())
		return
	}
	for _, what := range differences(t.State(), *stored) {
		c.find(t, what)
	}
}

func (c *comparison) find(t *store.Trade, what string) {
	c.report.Findings = append(c.report.Findings, Finding{Contract: t.Contract, Trade: t.ID.String(), What: what})
}

// holds is all that a trade has of its asset.
func holds(t *store.Trade) (sum amount.Int128, err error) {
	defer func() {
		if p := recover(); p != nil { // amounts beyond 128 bits: nothing that the contract could hold
			err = fmt.Errorf("what it holds cannot be added up: %v", p)
		}
	}()
	state := t.State()
	return state.Holds(), nil
}
