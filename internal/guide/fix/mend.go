package fix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// maxEdits is how many findings are tried: each is judged by an audit of its own.
const maxEdits = 500

// Remedy is how findings of one way to fail are mended.
type Remedy struct {
	Way  string // "N8/published-to-the-world"
	What string // in words: "bind the port to 127.0.0.1"
	// mend edits the draft. It fails, and changes nothing, where the edit would have to guess.
	mend func(*edit, guide.Finding) error
}

// edit is a draft with what the finding says of it.
type edit struct {
	*guide.Draft
	files fs.FS // as the draft has them
}

// errGuess is why an edit is not made.
var errGuess = errors.New("it is not written so that one edit is the only one")

// Outcome is what became of an audit's findings.
type Outcome struct {
	Mended  []Mended
	Left    []Left
	Changed map[string][]byte // the files, as they are then
	After   guide.Report      // of the clauses that were asked for, with the edits made

	was map[string][]byte // the same files as they were found; nil for one that was not there
}

// Mended is a finding that an edit has done away with.
type Mended struct {
	Clause  string
	Finding guide.Finding
	What    string
}

// Left is a finding that has no remedy here, or whose remedy was taken back.
type Left struct {
	Clause  string
	Finding guide.Finding
	Why     string
}

// Has tells whether there is a remedy for a way to fail. Whether it can be used on a finding shows when it is tried.
func Has(clause, mode string) bool { return remedyOf(clause+"/"+mode) != nil }

func remedyOf(way string) *Remedy {
	all := Remedies()
	if i := slices.IndexFunc(all, func(r Remedy) bool { return r.Way == way }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Mend edits a draft of the files until no finding of the chosen clauses is left that has a remedy. g is the whole guide, which judges each edit. a.Tree, if it is
// there, is of the same files, and what was read of it is not read again; a.Known is what g said of it, or of a tree that it comes of.
func Mend(ctx context.Context, g *guide.Guide, chosen []guide.Control, files fs.FS, a guide.Asked) (Outcome, error) {
	whole := a.Tree
	if whole == nil {
		whole = facts.Open(files)
	}
	a.Running, a.Done, a.Begun = nil, nil, nil
	if a.Known == nil {
		a.Known = &guide.Judgements{}
	}
	judge := func(changed map[string][]byte) guide.Report {
		a.Tree = whole
		if len(changed) > 0 {
			a.Tree = whole.With(changed)
		}
		return guide.Audit(ctx, g.Controls(), a)
	}
	out := Outcome{Changed: map[string][]byte{}}
	now := judge(nil)
	tried := map[key]string{}  // and why it was taken back
	alone := map[string]bool{} // ways whose findings are edited one by one, since together something went wrong
	for range maxEdits {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		clause, all := next(now, chosen, tried)
		if len(all) == 0 {
			break
		}
		way := clause + "/" + all[0].Mode
		if alone[way] {
			all = all[:1]
		}
		remedy := remedyOf(way)
		draft := guide.NewDraft(facts.Overlay(files, out.Changed))
		var edited []guide.Finding
		var refused error
		for _, f := range all {
			// Read as it is by now: an edit before may have mended this one too.
			if err := remedy.mend(&edit{draft, facts.Overlay(facts.Overlay(files, out.Changed), draft.Changed())}, f); err != nil {
				refused = err
				continue
			}
			edited = append(edited, f)
		}
		if len(edited) == 0 {
			tried[keyOf(clause, all[0])] = refused.Error()
			continue
		}
		changed := maps.Clone(out.Changed)
		maps.Copy(changed, draft.Changed())
		then, why := judge(changed), ""
		for _, f := range edited {
			why = cmp.Or(why, worse(now, then, keyOf(clause, f)))
		}
		if why != "" {
			if len(edited) > 1 {
				alone[way] = true
			} else {
				tried[keyOf(clause, edited[0])] = why
			}
			continue
		}
		for _, f := range edited {
			out.Mended = append(out.Mended, Mended{clause, f, remedy.What})
		}
		out.Changed, now = changed, then
	}
	if err := ctx.Err(); err != nil { // what was judged last was not
		return Outcome{}, err
	}
	out.was = map[string][]byte{}
	for name := range out.Changed {
		text, err := facts.File(files, name)
		if err != nil && !facts.NotThere(err) {
			return out, err
		}
		out.was[name] = text
	}
	out.After = now
	out.After.Clauses = nil
	for _, c := range now.Clauses {
		if !slices.ContainsFunc(chosen, func(x guide.Control) bool { return x.ID == c.Control.ID }) {
			continue
		}
		out.After.Clauses = append(out.After.Clauses, c)
		for _, f := range c.Tree.Findings() {
			out.Left = append(out.Left, Left{c.Control.ID, f, cmp.Or(tried[keyOf(c.Control.ID, f)], "what is right here somebody has to think about")})
		}
	}
	return out, nil
}

// key tells findings apart. Lines move with every edit, so it has none.
type key struct{ clause, mode, subject, detail, file string }

func keyOf(clause string, f guide.Finding) key {
	return key{clause, f.Mode, f.Subject, f.Detail, f.At.File}
}

// next are the findings of the first way to fail that has a remedy, without those that were tried.
func next(r guide.Report, chosen []guide.Control, tried map[key]string) (clause string, all []guide.Finding) {
	for _, c := range r.Clauses {
		id := c.Control.ID
		if !slices.ContainsFunc(chosen, func(x guide.Control) bool { return x.ID == id }) {
			continue
		}
		for _, f := range c.Tree.Findings() {
			_, was := tried[keyOf(id, f)]
			if !was && Has(id, f.Mode) && (len(all) == 0 || all[0].Mode == f.Mode) {
				all = append(all, f)
			}
		}
		if len(all) > 0 {
			// From the end of a file to its beginning, so that an edit does not move the lines of those that are still to be made.
			slices.SortStableFunc(all, func(a, b guide.Finding) int { return b.At.Line - a.At.Line })
			return id, all
		}
	}
	return "", nil
}

// worse says why an edit is taken back; nothing if the finding is gone and nothing else is worse than it was.
func worse(before, after guide.Report, mended key) string {
	had, has := count(before), count(after)
	if has[mended] >= had[mended] {
		return "the edit does not do away with it: what is in force is written somewhere else"
	}
	was := map[string]guide.Verdict{}
	old := map[[3]string]int{} // by clause, way and subject: a text may say what else is there by now
	for k, n := range had {
		old[[3]string{k.clause, k.mode, k.subject}] += n
	}
	for _, c := range before.Clauses {
		was[c.Control.ID] = c.Tree.Verdict()
	}
	for _, c := range after.Clauses {
		id, is := c.Control.ID, c.Tree.Verdict()
		if guide.Worse(was[id], is) != was[id] {
			return fmt.Sprintf("with the edit %s would be %s", id, is)
		}
		is3 := map[[3]string]int{}
		for _, f := range c.Tree.Findings() {
			k := [3]string{id, f.Mode, f.Subject}
			if is3[k]++; is3[k] > old[k] {
				return fmt.Sprintf("with the edit %s would fail by %s of %s", id, f.Mode, f.Subject)
			}
		}
	}
	return ""
}

func count(r guide.Report) map[key]int {
	n := map[key]int{}
	for _, c := range r.Clauses {
		for _, f := range c.Tree.Findings() {
			n[keyOf(c.Control.ID, f)]++
		}
	}
	return n
}
