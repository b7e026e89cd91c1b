package guide

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Proof is what came of breaking the tree in every way that the controls name.
type Proof struct {
	Tried []Trial
	// Defects are of the guide itself, whatever the tree is like: ways to fail that nothing breaks.
	Defects []string
	// Elsewhere are ways to fail ("N11/old-protocol-accepted") that a running system alone shows and that nothing here breaks: tests do.
	Elsewhere []string
}

// Trial is one mutation.
type Trial struct {
	Clause   string
	Mutation Mutation
	Wrong    string // what was not as it must be; empty if exactly its way to fail was found
}

// Err names everything that is wrong, nil if every mutation was found by exactly its name.
func (p Proof) Err() error {
	wrong := slices.Clone(p.Defects)
	for _, t := range p.Tried {
		if t.Wrong != "" {
			wrong = append(wrong, fmt.Sprintf("%s/%s: %s: %s", t.Clause, t.Mutation.Mode, t.Mutation.What, t.Wrong))
		}
	}
	switch {
	case len(wrong) > 0:
		return fmt.Errorf("%d of %d mutations are not found by exactly their name, or are missing: %w\n%s", len(wrong), len(p.Tried), ErrFailed, strings.Join(wrong, "\n"))
	case len(p.Tried) == 0:
		return fmt.Errorf("there was nothing to break: %w", ErrNotEvidenced)
	}
	return nil
}

// Prove breaks the tree in every way that the chosen controls name, one after the other and in memory, and judges all controls of the guide after each: the
// control must find exactly that way to fail and no other, and every other clause must say what it said before.
func (g *Guide) Prove(ctx context.Context, chosen []Control, files fs.FS, a Asked) (Proof, error) {
	whole := facts.Open(files)
	a.Tree, a.Running, a.Done, a.Known = whole, nil, nil, &Judgements{}
	before := said(Audit(ctx, g.controls, a))
	var p Proof
	for _, c := range chosen {
		for _, m := range c.Modes {
			if c.Tree != nil && c.As == "" && !c.Pending && !m.Running && !slices.ContainsFunc(c.Mutations, func(x Mutation) bool { return x.Mode == m.Name }) {
				p.Defects = append(p.Defects, fmt.Sprintf("%s/%s: no mutation breaks it", c.ID, m.Name))
			}
		}
		for _, m := range c.Mutations {
			if err := ctx.Err(); err != nil {
				return p, err
			}
			t := Trial{Clause: c.ID, Mutation: m}
			draft := NewDraft(files)
			if err := m.Change(draft); err != nil {
				t.Wrong = fmt.Sprintf("it cannot be made: %v", err)
			} else {
				a.Tree = whole.With(draft.Changed())
				t.Wrong = compare(before, said(Audit(ctx, g.controls, a)), g.again(append([]string{c.ID + "/" + m.Mode}, m.Also...)))
			}
			p.Tried = append(p.Tried, t)
		}
	}
	return p, nil
}

// again adds to ways to fail those of the clauses that ask the same.
func (g *Guide) again(ways []string) []string {
	all := slices.Clone(ways)
	for _, way := range ways {
		clause, mode, _ := strings.Cut(way, "/")
		for _, c := range g.controls {
			if c.As == clause {
				all = append(all, c.ID+"/"+mode)
			}
		}
	}
	return all
}

// saying is what a clause says: its verdict, and the ways to fail that it has found.
type saying struct {
	verdict Verdict
	modes   []string
}

func said(r Report) map[string]saying {
	all := map[string]saying{}
	for _, c := range r.Clauses {
		all[c.Control.ID] = saying{c.Tree.Verdict(), c.Modes()}
	}
	return all
}

// compare says what differs from that the wanted ways ("N8/published-to-the-world"), and no others, are found beside what was found before.
func compare(before, after map[string]saying, wanted []string) string {
	var wrong []string
	for _, id := range sorted(after) {
		was, is := before[id], after[id]
		want := slices.Clone(was.modes)
		verdict := was.verdict
		for _, w := range wanted {
			if clause, mode, _ := strings.Cut(w, "/"); clause == id {
				want, verdict = append(want, mode), Failed
			}
		}
		slices.Sort(want)
		want = slices.Compact(want)
		if is.verdict != verdict || !slices.Equal(is.modes, want) {
			wrong = append(wrong, fmt.Sprintf("%s is %s [%s], want %s [%s]", id, is.verdict, strings.Join(is.modes, " "), verdict, strings.Join(want, " ")))
		}
		if len(want) > len(was.modes) {
			continue
		}
		for _, w := range wanted { // found before already: nothing shows that the break was seen
			if clause, mode, _ := strings.Cut(w, "/"); clause == id {
				wrong = append(wrong, fmt.Sprintf("%s/%s was found before anything was broken", id, mode))
			}
		}
	}
	return strings.Join(wrong, "; ")
}

func sorted(all map[string]saying) []string {
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}
