package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// devConfig is the target `dev`: everything on this machine.
type devConfig struct {
	Listen string `help:"Address to serve on, loopback only; port 0 takes a free one." default:"127.0.0.1:4000"`
	Data   folder `help:"Folder that keeps the network, the accounts and the trades across restarts. Without it all is gone with the process." placeholder:"DIR"`
	Keeper bool   `help:"Settle what is due by itself, as the keeper of a platform does." default:"true" negatable:""`
	JSON   bool   `help:"Print one line of JSON when ready, for programs." name:"json"`
}

// Validate refuses an address that others could reach.
func (c *devConfig) Validate() error { return checkLoopback("--listen", c.Listen) }

func (c *devConfig) run(ctx context.Context, env environment) (err error) {
	p, err := startPlatform(ctx, env, c.Listen, string(c.Data))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if c.Keeper {
		if err := p.keep(ctx, env); err != nil {
			return err
		}
	}
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
	base := strings.TrimSuffix(r.API, "/v1")
	_, err := fmt.Fprintf(out, `StellarEscrow is ready on a local network of its own; control-C stops it.

  page        %s
  API         %s   (described by %s/openapi.json)
  contract    %s
  USDC        %s
  RPC         %s   (passphrase: %s)
  friendbot   %s?addr=G…
  time        curl -X POST -d '{"seconds":3600}' %s

Accounts with test money, and who issues it and can freeze it (role, address, secret):
%s
Try it:
%s`, r.Page, r.API, base, r.Contract, r.USDC.Contract, r.RPC, r.Passphrase, r.Friendbot, r.Advance, people.String(), tryLines(base, r, time.Now()))
	return err
}

// tryLines are commands that work as they stand, one a line: the platform, its trades, and a first trade prepared for the buyer to sign.
func tryLines(base string, r devReady, now time.Time) string {
	address := map[string]string{}
	for _, a := range r.Accounts {
		address[a.Role] = a.Address
	}
	const day = 24 * time.Hour
	at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339) }
	return fmt.Sprintf(`  curl %[1]s/v1/platform
  curl %[1]s/v1/trades
  curl -X POST %[1]s/v1/trades -H 'Content-Type: application/json' -d '{"by":"buyer","terms":{"buyer":"%[2]s","seller":"%[3]s","asset":"%[4]s","milestones":[{"amount":"250","deliver_by":"%[5]s"}],"fund_by":"%[6]s","inspection":259200,"fallback_ppm":500000,"windows":{"offers":172800,"ruling":432000,"appeal":259200}}}'
`, base, address["buyer"], address["seller"], r.USDC.Contract, at(10*day), at(3*day))
}
