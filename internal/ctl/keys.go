package ctl

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/keys"
)

// keysCommands are about the keys of integrators and administrators (internal/keys).
type keysCommands struct {
	New newKeyCommand `cmd:"" help:"Make a key, and the line by which the api knows it. Nothing is stored: the key is shown this once."`
}

// newKeyCommand makes a key.
type newKeyCommand struct {
	Name  string   `arg:"" help:"Whose key it is: small letters, digits, '.', '-' and '_'."`
	Admin bool     `help:"For somebody who runs the platform; its line belongs into ADMIN_KEYS."`
	From  []string `help:"Addresses and networks that it may be used from, with commas. An administrator's key needs them." placeholder:"NETWORK"`

	from []netip.Prefix
}

// Validate reads the addresses.
func (c *newKeyCommand) Validate() error {
	var errs []error
	for _, text := range c.From {
		p, err := keys.Network(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--from=%.60q: %w", text, err))
		}
		c.from = append(c.from, p)
	}
	return errors.Join(errs...)
}

func (c *newKeyCommand) run(_ context.Context, out io.Writer) error {
	kind, variable := keys.API, "API_KEYS"
	if c.Admin {
		kind, variable = keys.Admin, "ADMIN_KEYS"
	}
	key, line, err := keys.New(kind, c.Name, c.from, rand.Reader)
	if err != nil {
		return fmt.Errorf("%w: keys new: %w", cli.ErrUsage, err)
	}
	_, err = fmt.Fprintf(out, "key   %s   (for its owner alone; it is not shown again)\nline  %s   (into %s)\n", key.Reveal(), line, variable)
	return err
}
