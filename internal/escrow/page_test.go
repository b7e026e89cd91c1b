package escrow_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// The tests of this file hold the model against docs/contract.md, word by word: what the page lists must be here under the same name, with the same fields in the same
// order, and nothing else.

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is what stands below a heading of the page.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, after, ok := strings.Cut(page(t), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("the page has no section %q", heading)
	}
	body, _, _ := strings.Cut(after, "\n## ")
	return body
}

// rows are the cells of a section's tables, without heads and rules.
func rows(t *testing.T, heading string) (out [][]string) {
	t.Helper()
	for line := range strings.Lines(section(t, heading)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| --- |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		out = append(out, cells)
	}
	if len(out) < 2 {
		t.Fatalf("section %q has no table", heading)
	}
	return out[1:]
}

func TestCodesAreThePages(t *testing.T) {
	want := map[escrow.Code]string{}
	for _, row := range rows(t, "Errors") {
		n, err := strconv.ParseUint(row[0], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		want[escrow.Code(n)] = row[1]
	}
	got := map[escrow.Code]string{}
	for _, c := range escrow.Codes() {
		got[c] = c.String()
		if c.Error() == "" || c.Error() != strings.ToLower(c.Error()) && !strings.Contains(c.Error(), "2^63-1") {
			t.Errorf("%s says %q", c, c.Error())
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if unknown := escrow.Code(39); unknown.String() != "Code(39)" || unknown.Error() != "unknown code 39" {
		t.Errorf("39 is %s, %s", unknown.String(), unknown.Error())
	}
}

var events = []escrow.Event{
	escrow.Opened{}, escrow.Accepted{}, escrow.Funded{}, escrow.Cancelled{}, escrow.Delivered{}, escrow.Released{}, escrow.Refunded{}, escrow.Disputed{},
	escrow.Offered{}, escrow.Split{}, escrow.Evidence{}, escrow.Voted{}, escrow.Ruled{}, escrow.Appealed{}, escrow.Settled{}, escrow.Silent{}, escrow.Costs{},
	escrow.Ended{}, escrow.Parked{}, escrow.Claimed{}, escrow.Collected{}, escrow.FeeProposed{}, escrow.FeeCancelled{}, escrow.Paused{},
	escrow.AdminProposed{}, escrow.AdminChanged{}, escrow.AnchorSet{}, escrow.Anchored{},
}

func TestEventsAreThePages(t *testing.T) {
	got := map[string][]string{}
	for _, e := range events {
		got[e.EventName()] = []string{}
		for _, f := range escrow.Fields(e) {
			got[e.EventName()] = append(got[e.EventName()], f.Name+": "+pageType(reflect.TypeOf(f.Value)))
		}
	}
	want := map[string][]string{}
	for _, row := range rows(t, "Events") {
		want[row[0]] = strings.Split(row[1], ", ")
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

// pageType is the contract's type of a Go type of the model.
func pageType(t reflect.Type) string {
	switch t.Name() {
	case "Int128":
		return "i128"
	case "Hash", "ID":
		return "BytesN<32>"
	case "Role", "Phase", "Stage", "Outcome", "uint32":
		return "u32"
	case "uint64":
		return "u64"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "Option<" + pageType(t.Elem()) + ">"
	case reflect.Slice:
		if t.Elem().Name() == "Role" {
			return "u32" // a set: bit r stands for role r
		}
		return "Vec<" + pageType(t.Elem()) + ">"
	case reflect.Array:
		return "(" + pageType(t.Elem()) + ", " + pageType(t.Elem()) + ")"
	}
	switch t.Name() {
	case "Parcel", "Vote", "Ruling", "Anchor": // tuples on the page
		return "(" + pageType(t.Field(0).Type) + ", " + pageType(t.Field(1).Type) + ")"
	}
	return t.Name()
}

// fieldsOf are a struct's fields as the page writes them.
func fieldsOf(t reflect.Type) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		kind := pageType(f.Type)
		if t == reflect.TypeFor[escrow.MilestoneState]() && f.Name == "Offers" {
			kind = "(Option<Offer>, Option<Offer>)"
		}
		out = append(out, f.Tag.Get("json")+": "+kind)
	}
	return out
}

func TestTypesAreThePages(t *testing.T) {
	text := section(t, "Types") + section(t, "Money") + section(t, "Views")
	for _, v := range []any{
		escrow.Terms{}, escrow.Milestone{}, escrow.Panel{}, escrow.Windows{}, escrow.Limits{}, escrow.Trade{}, escrow.MilestoneState{}, escrow.Offer{},
		escrow.Dispute{}, escrow.Config{}, escrow.PendingFee{}, escrow.Owed{},
	} {
		typ := reflect.TypeOf(v)
		found := regexp.MustCompile(`\b` + typ.Name() + `\s*\{ ([^}]*) \}`).FindStringSubmatch(text)
		if found == nil {
			t.Errorf("the page has no type %s", typ.Name())
			continue
		}
		want := strings.Join(strings.Fields(found[1]), " ")
		if got := strings.Join(fieldsOf(typ), ", "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", typ.Name(), got, want)
		}
	}
}

func TestCallsAreThePages(t *testing.T) {
	calls := []escrow.Call{
		escrow.CallOpen{}, escrow.CallAccept{}, escrow.CallFund{}, escrow.CallCancel{}, escrow.CallDeliver{}, escrow.CallRelease{}, escrow.CallRefund{}, escrow.CallSettle{},
		escrow.CallDispute{}, escrow.CallOffer{}, escrow.CallAcceptOffer{}, escrow.CallEvidence{}, escrow.CallRule{}, escrow.CallAppeal{}, escrow.CallClaim{},
		escrow.CallExtend{}, escrow.CallCollect{}, escrow.CallProposeFee{}, escrow.CallCancelFee{}, escrow.CallPause{}, escrow.CallUnpause{},
		escrow.CallProposeAdmin{}, escrow.CallAcceptAdmin{}, escrow.CallSetAnchor{}, escrow.CallAnchor{},
	}
	var got []string
	for _, c := range calls {
		var args []string
		for i := range reflect.TypeOf(c).NumField() {
			args = append(args, reflect.TypeOf(c).Field(i).Tag.Get("json"))
		}
		got = append(got, c.Function()+"("+strings.Join(args, ", ")+")")
	}
	var want []string
	function := regexp.MustCompile("`([a-z_]+)\\(([^`]*)\\)(?: -> [^`]*)?`")
	for _, row := range rows(t, "Functions") {
		for _, f := range function.FindAllStringSubmatch(row[0], -1) {
			if name := f[1]; name == "__constructor" || name == "trade" || name == "config" || name == "owed" {
				continue // New, and what Contract holds
			}
			want = append(want, f[1]+"("+strings.Join(names(f[2]), ", ")+")")
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// names are the arguments' names in "terms, milestone: u32, rulings: Vec<(u32, u32)>".
func names(args string) (out []string) {
	depth, start := 0, 0
	for i, c := range args + "," {
		switch c {
		case '<', '(':
			depth++
		case '>', ')':
			depth--
		case ',':
			if depth == 0 {
				name, _, _ := strings.Cut(strings.TrimSpace((args + ",")[start:i]), ":")
				if name != "" {
					out = append(out, name)
				}
				start = i + 1
			}
		}
	}
	return out
}

// TestPhasesAreThePages checks the table of actions that the clock tests go by.
func TestPhasesAreThePages(t *testing.T) {
	digits := regexp.MustCompile(`\d`)
	numbers := func(text string) (out []escrow.Phase) {
		for _, d := range digits.FindAllString(text, -1) {
			out = append(out, escrow.Phase(d[0]-'0'))
		}
		return out
	}
	seen := 0
	for _, row := range rows(t, "The life of a trade") {
		for _, action := range strings.Split(row[0], ", ") {
			cell, _, _ := strings.Cut(row[1], "(")
			want := numbers(cell)
			switch action {
			case "release", "refund":
				want = []escrow.Phase{0, 1, 2, 3, 4, 5, 6, 7, 8} // "0, 1, 2, 3: …; 4 … 8: all"
			case "rule":
				want = want[:1] // the appeal panel's is another row here
			}
			if got := allowed[action]; !slices.Equal(got, want) {
				t.Errorf("%s: the tests go by %v, the page has %v (%s)", action, got, want, row[1])
			}
			seen++
		}
	}
	if seen < 10 {
		t.Errorf("only %d actions found", seen)
	}
}
