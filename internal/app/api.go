package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// apiConfig is the target `api`: the public HTTP API. It has no way to the network but through the indexer.
type apiConfig struct {
	Listen         string   `help:"Address to serve on." env:"API_LISTEN" default:":4000"`
	Indexer        string   `help:"URL of the indexer, http://HOST:3000." env:"INDEXER_URL" placeholder:"URL"`
	Asset          []string `help:"Contracts of the assets that the platform recommends, the first one first, with commas." env:"ASSETS" placeholder:"C…"`
	JSON           bool     `name:"json" help:"Print one line of JSON when ready, for programs."`
	serverSettings `embed:""`

	server server // what the settings say
	assets []stellar.Address
}

// Validate reports everything that is wrong at once, each with the variable's name.
func (c *apiConfig) Validate() error {
	var assetsErr, serverErr error
	c.assets, assetsErr = assetContracts(c.Asset)
	c.server, serverErr = c.read("the api", time.Now)
	return errors.Join(checkListen("API_LISTEN", c.Listen), c.checkIndexer(), assetsErr, serverErr)
}

func (c *apiConfig) checkIndexer() error {
	u, err := url.Parse(c.Indexer)
	switch {
	case c.Indexer == "":
		return errors.New("INDEXER_URL is not set: the api reaches the network through the indexer; write http://HOST:3000")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/":
		return fmt.Errorf("INDEXER_URL=%s is not the URL of a server, such as http://indexer:3000", c.Indexer)
	}
	return nil
}

// assetContracts reads ASSETS.
func assetContracts(texts []string) (all []stellar.Address, err error) {
	for _, text := range texts {
		a, err := stellar.ParseAddress(text)
		if err != nil || !a.Contract {
			return nil, fmt.Errorf("ASSETS: %.60q is no contract's address (C…)", text)
		}
		all = append(all, a)
	}
	return all, nil
}

// apiReady is the line that tells programs where the api is.
type apiReady struct {
	API string `json:"api"`
}

func (c *apiConfig) run(ctx context.Context, env environment) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := listen(ctx, "API_LISTEN", c.Listen)
	if err != nil {
		return err
	}
	defer closeOnError(&err, l)
	db, err := c.server.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	handler := api.New(api.Deps{
		Trades: reads{db}, Transactions: prepared{db, time.Now}, Relay: relay.NewClient(c.Indexer, c.server.relay.Values, time.Now, rand.Reader, nil), Network: c.server.network,
		Contract: c.server.contracts[0].Address, Assets: c.assets, Stopping: ctx.Done(), Now: time.Now, Rand: rand.Reader, Log: env.log,
	})
	g := &group{cancel: cancel}
	g.run(ctx, func(ctx context.Context) error {
		rotation{c.server.secrets(), time.Now}.watch(ctx, env.log)
		return nil
	})
	g.run(ctx, func(ctx context.Context) error { return serve(ctx, l, handler) })
	if err := c.announce(env, "http://"+l.Addr().String()); err != nil {
		return errors.Join(err, g.stop())
	}
	return g.wait()
}

func (c *apiConfig) announce(env environment, at string) error {
	if c.JSON {
		return json.NewEncoder(env.stdout).Encode(apiReady{at + "/v1"})
	}
	_, err := fmt.Fprintf(env.stdout, "The API is at %s/v1, described by %s/openapi.json; control-C stops it.\n", at, at)
	return err
}
