package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
)

// rebuildConfig is the command `indexer rebuild`: what is projected is made anew from the stored events, beside what is there, and takes its place.
type rebuildConfig struct {
	storeSettings `embed:""`
	JSON          bool `name:"json" help:"Print JSON."`

	stored stored
}

// Validate reports everything that is wrong at once.
func (c *rebuildConfig) Validate() (err error) {
	c.stored, err = c.read("the rebuild", time.Now)
	return err
}

func (c *rebuildConfig) run(ctx context.Context, env environment) (err error) {
	db, err := c.stored.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	done, err := indexer.Rebuild(ctx, c.stored.network, db, env.log)
	if err != nil {
		return fmt.Errorf("%w; what is projected is as it was", err)
	}
	if c.JSON {
		return json.NewEncoder(env.stdout).Encode(done)
	}
	_, err = fmt.Fprintf(env.stdout, "%d events projected anew; %d of them had had no effect before, %d have none now\n", done.Events, done.Late, done.Unread)
	return err
}
