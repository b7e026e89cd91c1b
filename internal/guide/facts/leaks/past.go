package leaks

import (
	"cmp"
	"hash/maphash"
	"io/fs"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/history"
)

// maxLeaks is how many are told of one history: who has as many knows what to do.
const maxLeaks = 100

// Leak is a secret in the history. What it is is not told: a report goes further than a repository.
type Leak struct {
	Rule, Path, Commit string
	Line               int
}

// Past is what was looked through.
type Past struct {
	Commits, Versions int
	Bytes             int64 // of lines that were looked at, each once for each path that it stood at
	Leaks             []Leak
}

// around is how many lines that are known already are looked at again before and after new ones: a rule may want both.
const around = 2

// Search looks through every version of every file. Of a file that changed, only lines that no version before had are looked at, with those around them.
func (r *Rules) Search(files fs.FS) (Past, error) {
	if len(r.whole.Rules) == 0 {
		return Past{}, ErrNoRules
	}
	p, d := Past{}, r.detector()
	seed := maphash.MakeSeed()
	known := map[string]map[uint64]bool{} // lines of a path
	h, err := history.Versions(files, func(v history.Version) error {
		p.Versions++
		if known[v.Path] == nil {
			known[v.Path] = map[uint64]bool{}
		}
		for _, f := range fresh(string(v.Text), seed, known[v.Path]) {
			p.Bytes += int64(len(f.text))
			//lint:ignore SA1019 the detector of this version takes no other
			for _, found := range d.Detect(detect.Fragment{Raw: f.text, FilePath: v.Path, CommitSHA: v.Commit}) {
				if len(p.Leaks) < maxLeaks {
					p.Leaks = append(p.Leaks, Leak{found.RuleID, v.Path, v.Commit, f.line + found.StartLine + 1})
				}
			}
		}
		return nil
	})
	p.Commits = h.Commits
	slices.SortFunc(p.Leaks, func(a, b Leak) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Commit, b.Commit))
	})
	p.Leaks = slices.Compact(p.Leaks)
	return p, err
}

// part is a run of lines; line is how many are before it.
type part struct {
	line int
	text string
}

// fresh are the parts of a text that have lines which are not known yet, and makes them known.
func fresh(text string, seed maphash.Seed, known map[uint64]bool) (parts []part) {
	lines := strings.SplitAfter(text, "\n")
	isNew := make([]bool, len(lines))
	for i, l := range lines {
		hash := maphash.String(seed, l)
		if isNew[i] = !known[hash] && l != ""; isNew[i] {
			known[hash] = true
		}
	}
	for i := 0; i < len(lines); i++ {
		if !isNew[i] {
			continue
		}
		first, last := max(0, i-around), i
		for j := i; j < len(lines) && j <= last+2*around; j++ {
			if isNew[j] {
				last = j
			}
		}
		i = last
		last = min(len(lines)-1, last+around)
		parts = append(parts, part{first, strings.Join(lines[first:last+1], "")})
	}
	return parts
}
