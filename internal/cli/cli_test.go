package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
)

func TestExitCode(t *testing.T) {
	var (
		away   = errors.New("node not available")
		broken = errors.New("answer not understood")
	)
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"done", nil, 0},
		{"refused", errors.New("the network refuses"), 1},
		{"the first kind of not looking", fmt.Errorf("ask: %w", away), 2},
		{"the second kind", fmt.Errorf("ask: %w", broken), 2},
		{"called wrongly", fmt.Errorf("%w: --to", cli.ErrUsage), 3},
		{"called wrongly, as the node says that cannot be asked", fmt.Errorf("%w: --rpc: %w", cli.ErrUsage, away), 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := cli.ExitCode(c.err, away, broken); got != c.want {
				t.Errorf("ExitCode(%v) = %d, want %d", c.err, got, c.want)
			}
		})
	}
	if got := cli.ExitCode(away); got != 1 {
		t.Errorf("ExitCode(%v) with nothing that stands for not looking = %d, want 1", away, got)
	}
}

// TestParse has a command line that is right, one that asks for help, and ones that are wrong: those are errors in usage, a line each.
func TestParse(t *testing.T) {
	type greet struct {
		Name string `required:"" help:"Whom."`
	}
	for _, c := range []struct {
		name    string
		args    []string
		chosen  string // the name that was given, if a command was chosen
		printed string
		want    string // in the error
	}{
		{"a command", []string{"greet", "--name", "Ann"}, "Ann", "", ""},
		{"help", []string{"greet", "--help"}, "", "Whom.", ""},
		{"no command", nil, "", "", "see greeter --help"},
		{"another command", []string{"part"}, "", "", "part"},
		{"a flag is missing", []string{"greet"}, "", "", "--name"},
		{"another flag", []string{"greet", "--name", "Ann", "--loud"}, "", "", "--loud"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var commands struct {
				Greet greet `cmd:""`
			}
			var out bytes.Buffer
			got, err := cli.Parse[*greet](cli.Program{Name: "greeter"}, &commands, c.args, &out)
			if !strings.Contains(out.String(), c.printed) {
				t.Errorf("printed %q, want %q in it", out.String(), c.printed)
			}
			if c.want != "" {
				if got != nil || !errors.Is(err, cli.ErrUsage) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, %v, want one line of wrong usage that says %q", got, err, c.want)
				}
				return
			}
			if err != nil || (got != nil) != (c.chosen != "") || got != nil && (*got).Name != c.chosen {
				t.Errorf("got %v, %v, want %q chosen", got, err, c.chosen)
			}
		})
	}
}
