package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// verifyConfig is the command `indexer verify`: what is stored, held against what the contracts store, on the ledger of now.
type verifyConfig struct {
	nodeSettings  `embed:""`
	storeSettings `embed:""`
	SecondRPC     string        `name:"second-rpc" help:"Another Stellar RPC server, of somebody else, that balances are read from too." env:"SECOND_RPC_URL" placeholder:"URL"`
	Ended         uint          `help:"How many of the trades that are over are looked at, of each contract and stage, those opened last." default:"1000"`
	All           bool          `help:"Look at every trade that is over. Only then what trades hold is compared with what is owed."`
	Timeout       time.Duration `help:"How long to wait until the indexer is at the ledger that was read." default:"2m"`
	JSON          bool          `name:"json" help:"Print JSON."`

	stored stored
	urls   []string
}

// Validate reports everything that is wrong at once.
func (c *verifyConfig) Validate() error {
	var errs [2]error
	c.urls, errs[0] = c.nodeURLs(&c.storeSettings)
	c.stored, errs[1] = c.read("the comparison", time.Now)
	return errors.Join(errs[:]...)
}

func (c *verifyConfig) run(ctx context.Context, env environment) (err error) {
	nodes, err := nodesOf(c.urls, c.stored.network)
	if err != nil {
		return err
	}
	db, err := c.stored.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ended := int(min(c.Ended, math.MaxInt32))
	if c.All {
		ended = -1
	}
	config := comparison{node: nodes[0], db: db, ended: ended, timeout: c.Timeout}
	if config.second, err = secondNode(c.SecondRPC, c.stored.network); err != nil {
		return err
	}
	report, err := reconcile.Run(ctx, config.config())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotLooked, err)
	}
	if err := c.print(env.stdout, report); err != nil {
		return err
	}
	switch {
	case len(report.Findings) > 0:
		return fmt.Errorf("%d things are not as they should be", len(report.Findings))
	case report.Trades == 0:
		return fmt.Errorf("%w: no trade was compared", ErrNotLooked)
	}
	return nil
}

func (c *verifyConfig) print(out io.Writer, r reconcile.Report) error {
	if c.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	fmt.Fprintf(out, "%d trades compared with the contract's own entries, at ledger %d\n", r.Trades, r.Ledger)
	if r.Archived > 0 {
		fmt.Fprintf(out, "%d could not be compared: their entries are archived\n", r.Archived)
	}
	if r.Moving > 0 {
		fmt.Fprintf(out, "%d could not be compared: they changed each time they were read\n", r.Moving)
	}
	for _, contract := range r.Dropped {
		fmt.Fprintf(out, "contract %s was not compared: nobody follows it any more\n", contract)
	}
	for _, a := range r.Assets {
		second := ""
		if a.Second != nil {
			second = fmt.Sprintf(" (%s by the second server)", a.Second.Units())
		}
		fmt.Fprintf(out, "asset %s: owed %s, of which %s are fees; the contract has %s%s\n", a.Asset, a.Owed.Units(), a.Fees.Units(), a.Balance.Units(), second)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(out, f)
	}
	return nil
}

// comparison is what is held against what.
type comparison struct {
	node, second *rpc.Client // second may be nil
	db           anyStore
	ended        int // as reconcile.Config has it
	timeout      time.Duration
}

func (c comparison) config() reconcile.Config {
	config := reconcile.Config{
		Node: c.node, Store: c.db, Ended: c.ended, First: balancesBy(c.node, c.db),
		Await: func(ctx context.Context, ledger uint32) error { return awaitProjected(ctx, c.db, ledger, c.timeout) },
	}
	if c.second != nil {
		config.Second = balancesBy(c.second, c.db)
	}
	return config
}

// secondNode is the other server that balances are read from, nil if none is named.
func secondNode(url string, network stellar.Network) (*rpc.Client, error) {
	if url == "" {
		return nil, nil
	}
	node, err := rpc.New(rpc.Config{URL: url, Network: network})
	if err != nil {
		return nil, fmt.Errorf("SECOND_RPC_URL: %w", err)
	}
	return node, nil
}

// balances are those that a node tells.
type balances struct{ relay *relayserver.Server }

func balancesBy(node *rpc.Client, db anyStore) balances {
	return balances{relayserver.New(relayserver.Config{Node: func() *rpc.Client { return node }, Transactions: db, Now: time.Now})}
}

// Balance implements reconcile.Balances.
func (b balances) Balance(ctx context.Context, asset, holder stellar.Address) (amount.Int128, error) {
	out, err := b.relay.Holding(ctx, asset.String(), holder.String())
	if err != nil {
		return amount.Int128{}, err
	}
	return amount.ParseUnits(out.Balance)
}

// awaitProjected waits until every followed contract is projected up to a ledger, which another process does.
func awaitProjected(ctx context.Context, db anyStore, ledger uint32, most time.Duration) error {
	const every = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var head api.Ledger
	for {
		now, err := reads{db}.Head(ctx)
		if err == nil {
			head = now
		} else if ctx.Err() == nil || head.Sequence == 0 {
			return err
		}
		if head.Sequence >= ledger {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the indexer is at ledger %d and did not come to %d in %s: is it running?", head.Sequence, ledger, most)
		case <-ticker.C:
		}
	}
}
