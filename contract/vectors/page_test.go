package vectors

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// page is docs/contract.md from one heading to the next.
func page(t *testing.T, heading string) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/contract.md has no section %q", heading)
	}
	section, _, _ := strings.Cut(rest, "\n## ")
	return section
}

// TestPageErrors: the codes a story may expect are the page's. One is of a deployment that no story can ask for: every driver has the right rulebook.
func TestPageErrors(t *testing.T) {
	var want []string
	numbers := map[string]uint32{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| (\w+) \|`).FindAllStringSubmatch(page(t, "Errors"), -1) {
		if m[2] != "WrongRulebook" {
			want = append(want, m[2])
		}
		n, err := strconv.ParseUint(m[1], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		numbers[m[2]] = uint32(n)
	}
	data, err := os.ReadFile("codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var kept map[string]uint32
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(numbers, kept); diff != "" {
		t.Errorf("the numbers in codes.json, by which the reader in Rust knows refusals, differ from the page (-page +codes.json):\n%s", diff)
	}
	if diff := cmp.Diff(want, codes); len(want) == 0 || diff != "" {
		t.Errorf("codes differ from the page (-page +stories):\n%s", diff)
	}
}

// TestPageFunctions: the functions a story may call, and their arguments but terms, id and asset of a view, are the page's.
func TestPageFunctions(t *testing.T) {
	want := map[string][]string{}
	for _, row := range strings.Split(page(t, "Functions"), "\n") {
		cell, ok := strings.CutPrefix(row, "| `")
		if !ok {
			continue
		}
		cell, _, _ = strings.Cut(cell, " | ")
		for _, code := range strings.Split(cell, "`") {
			name, rest, ok := strings.Cut(code, "(")
			if !ok {
				continue
			}
			args := []string{}
			for _, m := range regexp.MustCompile(`([a-z_]+): `).FindAllStringSubmatch(rest, -1) {
				if m[1] != "terms" && m[1] != "id" {
					args = append(args, m[1])
				}
			}
			want[name] = args
		}
	}
	want["deploy"] = []string{"fee_bps", "fee_receiver", "limits"} // the constructor, by the story's admin
	delete(want, "__constructor")
	want["owed"] = []string{} // of the one asset
	got := map[string][]string{}
	for name, f := range functions {
		got[name] = append([]string{}, f.args...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions differ from the page (-page +stories):\n%s", diff)
	}
}

// TestPageEvents: the events a story may expect have the page's names and as many fields of the same kinds.
func TestPageEvents(t *testing.T) {
	kinds := map[string]string{
		"u32": "number", "u64": "number", "i128": "amount", "bool": "bool", "Address": "address", "BytesN<32>": "hash", "Terms": "terms", "Vec<u32>": "numbers",
		"Option<u32>": "number?", "Option<i128>": "amount?", "Option<Address>": "address?",
	}
	want := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([a-z_]+) \| ([a-z_]+: [^|]*) \|`).FindAllStringSubmatch(page(t, "Events"), -1) {
		var list []string
		for _, f := range strings.Split(m[2], ", ") {
			name, typ, _ := strings.Cut(f, ": ")
			kind, ok := kinds[typ]
			if !ok {
				t.Errorf("event %s: field %s has the type %q, which the stories cannot write", m[1], name, typ)
			}
			if name == "inspection_end" || name == "effective" {
				kind = "time"
			}
			if m[1] == "silent" && name == "roles" { // a set, which a story lists
				kind = "numbers"
			}
			list = append(list, kind)
		}
		want[m[1]] = strings.Join(list, " ")
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("events differ from the page (-page +stories):\n%s", diff)
	}
}

// TestReadmeArguments: the README lists each function with its arguments.
func TestReadmeArguments(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "\n## Arguments\n")
	got := map[string][]string{}
	code := regexp.MustCompile("`([a-z_]+)`")
	for _, row := range strings.Split(rest, "\n") {
		cells := strings.Split(row, "|")
		if len(cells) != 4 {
			if len(got) > 0 && row == "" {
				break
			}
			continue
		}
		args := []string{}
		for _, a := range code.FindAllStringSubmatch(cells[2], -1) {
			if a[1] != "seller_ppm" {
				args = append(args, a[1])
			}
		}
		for _, f := range code.FindAllStringSubmatch(cells[1], -1) {
			got[f[1]] = args
		}
	}
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if diff := cmp.Diff(append([]string{}, functions[name].args...), got[name]); diff != "" {
			t.Errorf("%s (-parser +README):\n%s", name, diff)
		}
	}
}
