package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// ErrUsage is wrapped by errors in how a program was called, as opposed to what it met.
var ErrUsage = errors.New("wrong usage")

// Program is what help says of a program.
type Program struct{ Name, Description string }

// Parse reads args (without the program's name) into commands, a pointer to a struct as kong takes it, and returns the command that was
// chosen; nil, and no error, if help was asked for and printed. Every command must be a C. Errors wrap ErrUsage and are one line.
func Parse[C any](p Program, commands any, args []string, stdout io.Writer) (chosen *C, err error) {
	helped := false
	parser, err := kong.New(commands, kong.Name(p.Name), kong.Description(p.Description), kong.Writers(stdout, stdout), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return nil, fmt.Errorf("read the command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s; see %s --help", ErrUsage, strings.TrimSpace(err.Error()), p.Name)
	}
	c, ok := parsed.Selected().Target.Addr().Interface().(C)
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a command to run; see %s --help", ErrUsage, parsed.Command(), p.Name)
	}
	return &c, nil
}
