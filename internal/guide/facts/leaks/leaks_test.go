package leaks

import (
	"encoding/base32"
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// key is made here, so that no file of ours has one.
func key() string {
	return "ours_" + strings.ToLower(base32.StdEncoding.EncodeToString([]byte("twenty bytes of a key")))[:32]
}

const ours = `
[extend]
useDefault = true
[[rules]]
id = "ours"
regex = '''\bours_[a-z2-7]{32}\b'''
keywords = ["ours_"]
`

func load(t *testing.T, text string) (*Rules, error) {
	t.Helper()
	return Load(fstest.MapFS{"rules.toml": {Data: []byte(text)}}, "rules.toml")
}

// private is a block that gitleaks' own rules find, over several lines.
func private() string {
	return "-----BEGIN RSA PRIVATE " + "KEY-----\n" + strings.Repeat(strings.Repeat("Ab3/", 16)+"\n", 3) + "-----END RSA PRIVATE " + "KEY-----\n"
}

func TestLoad(t *testing.T) {
	for i := range 4 { // gitleaks itself would leave its own rules out after the second time in a process
		r, err := load(t, ours)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Names()) < 150 || !slices.Equal(r.Own, []string{"ours"}) || !r.Default {
			t.Errorf("time %d: %d rules, own %q", i, len(r.Names()), r.Own)
		}
		if got := r.Sees("key = " + key() + "\n" + private()); !slices.Equal(got, []string{"ours", "private-key"}) {
			t.Errorf("time %d: sees %q", i, got)
		}
		if got := r.Sees("key = " + key() + " # gitleaks:allow"); len(got) != 1 {
			t.Errorf("a remark hides it: %q", got)
		}
		if got := r.Sees("nothing"); len(got) > 0 {
			t.Errorf("sees %q in nothing", got)
		}
	}
	alone, err := load(t, strings.Replace(ours, "useDefault = true", "", 1))
	if err != nil || alone.Default || len(alone.Names()) != 1 {
		t.Errorf("%+v, %v", alone, err)
	}
	less, err := load(t, strings.Replace(ours, "useDefault = true", "useDefault = true\ndisabledRules = [\"private-key\"]", 1)+"\n[[rules.allowlists]]\ndescription = \"a reason\"\nregexes = ['''x''']\n[[allowlists]]\npaths = ['''y''']\n")
	if err != nil || !slices.Equal(less.Disabled, []string{"private-key"}) || len(less.Sees(private())) > 0 || !slices.Equal(less.Allowed, []Allowed{{"", ""}, {"ours", "a reason"}}) {
		t.Errorf("%v %v %v", less.Disabled, less.Allowed, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"not TOML":             "rules = [",
		"a key without a name": "[[rules]]\nregex = 'a'\n",
		"no expression":        "[[rules]]\nid = 'a'\nregex = '('\n",
		"a file elsewhere":     "[extend]\npath = '/etc/passwd'\n",
		"an unknown setting":   "[[rules]]\nid = 'a'\nregexp = 'a'\n",
		"large":                "# " + strings.Repeat("x", maxConfig),
	} {
		if r, err := load(t, text); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// What was committed once is found, where it was and in which commit; over several lines too, when only some of them were new.
func TestSearch(t *testing.T) {
	dir := t.TempDir()
	repo, err := git.PlainInit(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	commit := func(name, text string) string {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := work.Add(name); err != nil {
			t.Fatal(err)
		}
		n++
		who := &object.Signature{Name: "a committer", When: time.Unix(int64(n), 0)}
		hash, err := work.Commit("a commit", &git.CommitOptions{Author: who, Committer: who})
		if err != nil {
			t.Fatal(err)
		}
		return hash.String()
	}
	begin, _, _ := strings.Cut(private(), "\n")
	commit("pem", begin+"\n")
	commit("a", "one\ntwo\nthree\n")
	leaked := commit("a", "one\nkey = "+key()+"\nthree\n")
	commit("a", "one\ntwo\nthree\nfour\n")
	whole := commit("pem", private())
	commit("pem", "")
	r, err := load(t, ours)
	if err != nil {
		t.Fatal(err)
	}
	clean := new(Clean)
	want := []Leak{{"ours", "a", leaked, 2}, {"private-key", "pem", whole, 1}}
	for range 2 { // the second time what was clean is known
		p, err := r.Search(os.DirFS(dir), clean)
		if err != nil || !slices.Equal(p.Leaks, want) || p.Commits != 6 || p.Versions != 6 {
			t.Errorf("%+v, %v, want %+v", p, err, want)
		}
	}
	other, err := load(t, strings.Replace(ours, "ours_", "three", 1)) // by other rules it is not
	if err != nil {
		t.Fatal(err)
	}
	if p, err := other.Search(os.DirFS(dir), clean); err != nil || slices.Equal(p.Leaks, want) {
		t.Errorf("%+v, %v", p, err)
	}
	more := commit("b", "key = "+key()+"\n")
	if p, err := r.Search(os.DirFS(dir), clean); err != nil || !slices.Contains(p.Leaks, Leak{"ours", "b", more, 1}) || len(p.Leaks) != 3 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := (&Rules{}).Search(os.DirFS(dir), new(Clean)); err == nil {
		t.Error("no rules find nothing, and it is no error")
	}
}

func TestFresh(t *testing.T) {
	seed, known := maphash.MakeSeed(), map[uint64]bool{}
	text := func(parts []part) (all []string) {
		for _, p := range parts {
			all = append(all, p.text)
		}
		return all
	}
	if got := text(fresh("a\nb\n", seed, known)); !slices.Equal(got, []string{"a\nb\n"}) {
		t.Errorf("%q", got)
	}
	if got := fresh("a\nb\n", seed, known); len(got) > 0 {
		t.Errorf("known lines: %v", got)
	}
	fresh("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", seed, known)
	got := fresh("0\nnew\n1\n2\n3\n4\n5\n6\n7\n8\n9\nend", seed, known)
	if want := []string{"0\nnew\n1\n2\n", "8\n9\nend"}; !slices.Equal(text(got), want) || got[1].line != 9 {
		t.Errorf("%v", got)
	}
}
