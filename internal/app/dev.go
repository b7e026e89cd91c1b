package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// devConfig is the target `dev`: everything on this machine.
type devConfig struct {
	Listen string `help:"Address to serve on, loopback only; port 0 takes a free one." default:"127.0.0.1:4000"`
	Data   string `help:"Folder that keeps the network, the accounts and the trades across restarts. Without it all is gone with the process." placeholder:"DIR"`
	JSON   bool   `help:"Print one line of JSON when ready, for programs." name:"json"`
}

// Validate refuses an address that others could reach.
func (c *devConfig) Validate() error { return checkLoopback("--listen", c.Listen) }

func (c *devConfig) run(ctx context.Context, env environment) (err error) {
	p, err := startPlatform(ctx, env, c.Listen, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := c.announce(env.stdout, p.ready); err != nil {
		return err
	}
	return p.wait(ctx)
}

func (c *devConfig) announce(out io.Writer, r devReady) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(r)
	}
	var people strings.Builder
	for _, a := range r.Accounts {
		fmt.Fprintf(&people, "  %-20s %s  %s\n", a.Role, a.Address, a.Secret)
	}
	_, err := fmt.Fprintf(out, `StellarEscrow is ready on a local network of its own; control-C stops it.

  API         %s   (openapi: %s)
  contract    %s
  USDC        %s
  RPC         %s   (passphrase: %s)
  friendbot   %s?addr=G…
  time        curl -X POST -d '{"seconds":3600}' %s

Accounts with test money (address, secret):
%s
`, r.API, strings.TrimSuffix(r.API, "/v1")+"/openapi.json", r.Contract, r.USDC.Contract, r.RPC, r.Passphrase, r.Friendbot, r.Advance, strings.TrimSuffix(people.String(), "\n"))
	return err
}
