package opinions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Any asks every tool that is installed.
const Any = "any"

// ErrNoTool is wrapped where a tool is named that nobody knows.
var ErrNoTool = errors.New("there is no such tool")

// Ask asks the named tools, or with Any those that are installed, about the files of a tree, and holds what they say against what the clauses say of it. A tool that was named and is not
// there, or that gives no answer that can be read, is told of in the result; the error is of a name that is none (ErrNoTool), or of explanations that cannot be read.
func (m Machine) Ask(ctx context.Context, names []string, t *facts.Tree, clauses []guide.Clause) (*guide.Opinions, error) {
	if err := Known(names); err != nil {
		return nil, err
	}
	e, err := facts.Read(t, File, func(files fs.FS) (Explanations, error) {
		text, err := facts.File(files, File)
		if facts.NotThere(err) {
			return Explanations{}, nil
		}
		if err != nil {
			return Explanations{}, err
		}
		return Read(text)
	})
	if err != nil {
		return nil, fmt.Errorf("second opinions: %w", err)
	}
	shown, err := gather(t)
	if err != nil {
		return nil, fmt.Errorf("second opinions: %w", err)
	}
	chosen := slices.DeleteFunc(tools(), func(t tool) bool { return !slices.Contains(names, Any) && !slices.Contains(names, t.name) })
	answers := make([]answer, len(chosen))
	var all sync.WaitGroup
	for i, t := range chosen {
		all.Go(func() {
			told, checks := m.ask(ctx, t, shown)
			told.Missing = told.Missing && !slices.Contains(names, t.name)
			answers[i] = answer{told, checks}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("second opinions: %w", err)
	}
	return hold(clauses, answers, e), nil
}

// Known fails for a name that is no tool's (ErrNoTool).
func Known(names []string) error {
	for _, n := range names {
		if n != Any && !slices.Contains(Names(), n) {
			return fmt.Errorf("%w: %q: write %s, or %s", ErrNoTool, n, strings.Join(Names(), ", "), Any)
		}
	}
	return nil
}
