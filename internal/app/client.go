package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/client"
)

// clientConfig is the target `client`: the files of the page, with their headers. It reaches nothing (docs/guide.md N2), so it needs no more than an address.
type clientConfig struct {
	Listen string `help:"Address to serve on." env:"CLIENT_LISTEN" default:":3001"`
	JSON   bool   `name:"json" help:"Print one line of JSON when ready, for programs."`
}

// Validate refuses what is no address.
func (c *clientConfig) Validate() error { return checkListen("CLIENT_LISTEN", c.Listen) }

// clientReady is the line that tells programs where the page is.
type clientReady struct {
	Client string `json:"client"`
}

func (c *clientConfig) run(ctx context.Context, env environment) (err error) {
	page, err := client.New()
	if err != nil {
		return err
	}
	l, err := listen(ctx, "CLIENT_LISTEN", c.Listen)
	if err != nil {
		return err
	}
	defer closeOnError(&err, l)
	if err := c.announce(env, "http://"+l.Addr().String()); err != nil {
		return err
	}
	return serve(ctx, l, page)
}

func (c *clientConfig) announce(env environment, at string) error {
	if c.JSON {
		return json.NewEncoder(env.stdout).Encode(clientReady{at})
	}
	_, err := fmt.Fprintf(env.stdout, "The page is at %s; its figures come from the api once both are behind one name. Control-C stops it.\n", at)
	return err
}
