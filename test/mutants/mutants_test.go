package mutants

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

var (
	wrongPart  = flag.String("wrong", "", "k/n: judge the k-th of n parts of the wrong contracts, instead of a few of them")
	only       = flag.String("only", "", "of either list, those alone whose names match this expression")
	othersPart = flag.String("mutants", "", "k/n: judge the k-th of n parts of the list of cargo-mutants")
)

// as many as there are processors in CI
const workshops = 2

func tree(t *testing.T) string {
	t.Helper()
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func needRust(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(Cargo); err != nil {
		parts.Missing(t, Cargo, debian.Install(debian.Rust()))
	}
}

func wrongs(t *testing.T) []Wrong {
	t.Helper()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// part is the k-th of n parts of a list, of neighbours: what stands in one file is compiled with what is left of the mutant before.
func part[T any](t *testing.T, list []T, which string) []T {
	t.Helper()
	var k, n int
	if _, err := fmt.Sscanf(which, "%d/%d", &k, &n); err != nil || k < 1 || k > n || n > len(list) {
		t.Fatalf("%q is no part of %d: say 1/8 for the first eighth", which, len(list))
	}
	return list[len(list)*(k-1)/n : len(list)*k/n]
}

// judge judges a list and logs each verdict. Anything but a verdict ends the test.
func judge(t *testing.T, list []Mutant) []Judged {
	t.Helper()
	wanted, err := regexp.Compile(*only)
	if err != nil {
		t.Fatalf("-only: %v", err)
	}
	list = slices.DeleteFunc(list, func(m Mutant) bool { return !wanted.MatchString(m.Name) })
	if len(list) == 0 {
		t.Fatal("nothing of the list is wanted")
	}
	all, err := Run(t.Context(), tree(t), list, workshops, io.Discard, func(j Judged) {
		verdict := "SURVIVED"
		if j.Refused != "" {
			verdict = "is refused by the compiler"
		} else if j.Killer != "" {
			verdict = "killed by " + j.Killer
		}
		t.Logf("%-36s %s (%.1f s of the processor to build, %.1f to test)", j.Name, verdict, j.Built.Seconds(), j.Tested.Seconds())
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each wrong contract can be made, breaks a rule that there is, and is there once. Its lines are looked for in the sources as they stand.
func TestWrongContractsAreUpToDate(t *testing.T) {
	root := tree(t)
	page, err := os.ReadFile(filepath.Join(root, "docs/contract.md"))
	if err != nil {
		t.Fatal(err)
	}
	attacks, err := os.ReadFile(filepath.Join(root, "docs/contract-attacks.md"))
	if err != nil {
		t.Fatal(err)
	}
	attack := regexp.MustCompile(`^[A-Z]\d+$`)
	ids, changes := map[string]bool{}, map[string]string{}
	for _, w := range wrongs(t) {
		m := w.Mutant()
		text, err := os.ReadFile(filepath.Join(root, "contract", filepath.FromSlash(m.File)))
		if err != nil {
			t.Errorf("%s: %v", w.ID, err)
			continue
		}
		changed, err := m.change(string(text))
		if err != nil {
			t.Errorf("%s: %v", w.ID, err)
		}
		if ids[w.ID] {
			t.Errorf("%s is there twice", w.ID)
		}
		if other := changes[changed]; other != "" && err == nil {
			t.Errorf("%s and %s are the same contract", w.ID, other)
		}
		ids[w.ID], changes[changed] = true, w.ID
		if attack.MatchString(w.Rule) && !strings.Contains(string(attacks), "\n| "+w.Rule+" |") {
			t.Errorf("%s breaks %s, which docs/contract-attacks.md does not have", w.ID, w.Rule)
		}
		if !attack.MatchString(w.Rule) && !strings.Contains(string(page), "\n## "+w.Rule+"\n") {
			t.Errorf("%s breaks %q, which is no section of docs/contract.md", w.ID, w.Rule)
		}
	}
	if len(ids) < 60 {
		t.Errorf("there are %d wrong contracts, want 60 at least", len(ids))
	}
}

// every test run judges these; `make prove` all of them
var few = []string{"cancel-unsigned", "offers-end", "fee-rounded-up", "owed-not-reduced", "votes-twice", "pause-stops-exits"}

// No wrong contract passes the tests.
func TestWrongContractsAreFound(t *testing.T) {
	needRust(t)
	var list []Mutant
	if *wrongPart != "" {
		for _, w := range part(t, wrongs(t), *wrongPart) {
			list = append(list, w.Mutant())
		}
	} else {
		for _, id := range few {
			list = append(list, named(t, id))
		}
	}
	killed := 0
	for _, j := range judge(t, list) {
		switch {
		case j.Refused != "":
			t.Errorf("%s is no contract:\n%s", j.Name, j.Refused)
		case j.Survived():
			t.Errorf("%s survived: no test tells it from the contract", j.Name)
		default:
			killed++
		}
	}
	t.Logf("proved: %d of %d wrong contracts are found by a test", killed, len(list))
}

func named(t *testing.T, id string) Mutant {
	t.Helper()
	for _, w := range wrongs(t) {
		if w.ID == id {
			return w.Mutant()
		}
	}
	t.Fatalf("there is no wrong contract %s", id)
	return Mutant{}
}

// What changes nothing survives, what does not end is killed by the clock or its test, and what is no Rust is refused: else a list of all killed says nothing.
func TestVerdicts(t *testing.T) {
	needRust(t)
	w, err := Open(t.Context(), tree(t), 1, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	put := func(find, put string) Mutant {
		return Wrong{ID: "a trial", File: "rules/src/money.rs", Find: find, Put: put}.Mutant()
	}
	const line = "    share(received, bps, 10_000)\n"
	for _, c := range []struct {
		name    string
		mutant  Mutant
		is      func(Verdict) bool
		failure string
	}{
		{name: "harmless", mutant: put(line, "    share(received, bps, 5_000 + 5_000)\n"), is: func(v Verdict) bool { return v == Verdict{Built: v.Built, Tested: v.Tested} }},
		{name: "found by the unit tests of the rules", mutant: Wrong{ID: "a trial", File: "rules/src/terms.rs", Find: "        if panel.quorum < least ||", Put: "        if panel.quorum < least && size != 7 ||"}.Mutant(), is: func(v Verdict) bool {
			return strings.HasPrefix(v.Killer, "stellar_escrow_rules terms::tests::")
		}},
		{name: "found by a story", mutant: named(t, "owed-not-reduced"), is: func(v Verdict) bool { return strings.HasPrefix(v.Killer, "escrow story ") }},
		{name: "no Rust", mutant: put(line, "    share(received, bps)\n"), is: func(v Verdict) bool { return strings.Contains(v.Refused, "E0061") }},
		{name: "not there", mutant: put("nothing like it", ""), failure: "stand 0 times"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := w.Judge(t.Context(), c.mutant)
			if c.failure != "" {
				if err == nil || !strings.Contains(err.Error(), c.failure) {
					t.Errorf("%v, want %q", err, c.failure)
				}
			} else if err != nil || !c.is(v) {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// Of the list of cargo-mutants those survive that docs/proof.md argues one by one: none more, none less.
func TestMutantsAreFound(t *testing.T) {
	if *othersPart == "" {
		t.Skip("takes half an hour: make prove PART=mutants")
	}
	needRust(t)
	tool, err := Tool(t.Context(), os.Stderr)
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) {
		parts.Missing(t, toolName+" "+ToolVersion, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	root := tree(t)
	all, err := Outside(t.Context(), tool, filepath.Join(root, "contract"))
	if err != nil {
		t.Fatal(err)
	}
	argued, err := Argued(root)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range all {
		names[m.Name] = true
	}
	for name := range argued {
		if !names[name] {
			t.Errorf("docs/proof.md argues %s, which cargo-mutants does not make", name)
		}
	}
	killed, equivalent, refused := 0, 0, 0
	for _, j := range judge(t, part(t, all, *othersPart)) {
		_, isArgued := argued[j.Name]
		switch {
		case j.Refused != "":
			refused++
		case j.Survived() && !isArgued:
			t.Errorf("%s survived: write a test that tells it from the contract, or argue in docs/proof.md why none can", j.Name)
		case j.Survived():
			equivalent++
		case isArgued:
			t.Errorf("%s was killed by %s, and docs/proof.md says that nothing can", j.Name, j.Killer)
		default:
			killed++
		}
	}
	t.Logf("proved: %d of %d mutants are killed; %d cannot be told from the contract (docs/proof.md), %d more do not compile", killed, killed+equivalent, equivalent, refused)
}

// The names in docs/proof.md are read as they stand there.
func TestArguedMutantsAreRead(t *testing.T) {
	all, err := Argued(tree(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rules/src/state.rs: replace | with ^ in State::set_left", "escrow/src/admin.rs: replace != with == in name_rulebook"} {
		if all[name] == "" {
			t.Errorf("%s is not among the %d that are read: %v", name, len(all), all)
		}
	}
}

// A change of cargo-mutants takes the place of its span, which counts lines and characters from 1.
func TestChangesOfCargoMutants(t *testing.T) {
	const text = "fn a() {\n    \"ü\" < b\n}\n"
	for _, c := range []struct {
		from, to          place
		replacement, want string
	}{
		{place{2, 9}, place{2, 10}, "<=", "fn a() {\n    \"ü\" <=  b\n}\n"},
		{place{1, 9}, place{3, 1}, "0", "fn a() {0 }\n"},
		{place{2, 30}, place{2, 31}, "0", "there is no column 30 in line 2"},
		{place{9, 1}, place{9, 2}, "0", "there is no line 9"},
	} {
		l := listed{Replacement: c.replacement}
		l.Span.Start, l.Span.End = c.from, c.to
		got, err := l.change(text)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: got %q, want %q", c, got, c.want)
		}
	}
}
