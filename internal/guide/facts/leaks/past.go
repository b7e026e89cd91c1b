package leaks

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"io/fs"
	"slices"
	"strings"
	"sync"

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

// maxClean is how many parts of a history are remembered.
const maxClean = 1 << 20

// Clean is what rules have found nothing in, so that the same history with a commit more is not looked through whole again. It is safe for concurrent use, and its zero
// value is ready.
type Clean struct {
	mu    sync.Mutex
	parts map[[sha256.Size]byte]bool // hashes of rules, and of a text with its path and commit
}

func (c *Clean) has(part [sha256.Size]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parts[part]
}

func (c *Clean) add(part [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parts == nil {
		c.parts = map[[sha256.Size]byte]bool{}
	}
	if len(c.parts) < maxClean {
		c.parts[part] = true
	}
}

// of is the hash by which a part of a version is known. Its commit counts: rules may allow what a commit has.
func (r *Rules) of(v history.Version, text string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%x %q %q\n%s", r.text, v.Commit, v.Path, text))
}

// Search looks through every version of every file. Of a file that changed, only lines that no version before had are looked at, with those around them; and none that is
// in clean, to which is added what nothing is found in.
func (r *Rules) Search(files fs.FS, clean *Clean) (Past, error) {
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
			part := r.of(v, f.text)
			if clean.has(part) {
				continue
			}
			//lint:ignore SA1019 the detector of this version takes no other
			all := d.Detect(detect.Fragment{Raw: f.text, FilePath: v.Path, CommitSHA: v.Commit})
			if len(all) == 0 {
				clean.add(part)
			}
			for _, found := range all {
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
