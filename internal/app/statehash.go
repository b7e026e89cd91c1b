package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// stateHashConfig is the command `indexer state-hash`: one hash over all that is projected, the same whatever engine keeps it.
type stateHashConfig struct {
	storeSettings `embed:""`
	JSON          bool `name:"json" help:"Print JSON."`

	stored stored
}

// Validate reports everything that is wrong at once.
func (c *stateHashConfig) Validate() (err error) {
	c.stored, err = c.read("the hash", time.Now)
	return err
}

// shownState is a hash, and what it is of.
type shownState struct {
	Hash      string          `json:"hash"`
	Trades    int             `json:"trades"`
	Contracts []shownPosition `json:"contracts"`
}

type shownPosition struct {
	Contract string `json:"contract"`
	Ledger   uint32 `json:"ledger"` // the newest one all of whose events are in it
}

func (c *stateHashConfig) run(ctx context.Context, env environment) (err error) {
	db, err := c.stored.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	state, err := store.StateHash(ctx, db)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotLooked, err)
	}
	shown := shownState{Hash: hex.EncodeToString(state.Hash[:]), Trades: state.Trades, Contracts: []shownPosition{}}
	for _, contract := range state.Contracts {
		shown.Contracts = append(shown.Contracts, shownPosition{contract.ID, contract.Position.Complete()})
	}
	if c.JSON {
		return json.NewEncoder(env.stdout).Encode(shown)
	}
	fmt.Fprintf(env.stdout, "%s  %d trades\n", shown.Hash, shown.Trades)
	for _, p := range shown.Contracts {
		fmt.Fprintf(env.stdout, "contract %s up to ledger %d\n", p.Contract, p.Ledger)
	}
	return nil
}
