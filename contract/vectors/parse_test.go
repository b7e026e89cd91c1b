package vectors

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// good is a story that says a little of everything; the tests below spoil it.
const good = `{
  "name": "g/good",
  "about": "A story.",
  "covers": ["row:open"],
  "actors": ["buyer", "seller", "arb1"],
  "platform": { "fee_bps": 50, "limits": { "fee_delay": 90000 } },
  "balances": { "buyer": "100" },
  "terms": { "t": { "panel": ["arb1"], "fee_bps": 50, "milestones": [{ "amount": "7", "times": 2 }, { "amount": "9", "deliver_by": "max" }], "windows": { "ruling": 7000 } } },
  "steps": [
    { "at": 0, "as": "buyer", "call": "open", "trade": "t", "args": { "by": 0 }, "expect": "ok", "returns": "id:t", "events": [["opened", 0, "terms:t"]] },
    { "at": 5, "world": "block", "actor": "buyer", "on": true },
    { "as": "nobody", "call": "cancel", "trade": "t", "args": { "by": null, "push": true }, "expect": "NotDue" }
  ]
}`

func loadOne(t *testing.T, text string) (*Story, error) {
	t.Helper()
	def, err := fs.ReadFile(files, "defaults.json")
	if err != nil {
		t.Fatal(err)
	}
	list, err := load(fstest.MapFS{"defaults.json": {Data: def}, "stories/g/good.json": {Data: []byte(text)}})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func TestDefaultsAreFilledIn(t *testing.T) {
	s, err := loadOne(t, good)
	if err != nil {
		t.Fatal(err)
	}
	named := func(text string) Hash {
		h, ok := hashNamed("hash:" + text)
		if !ok {
			t.Fatalf("%q is no name", text)
		}
		return h
	}
	want := Terms{
		Buyer: "buyer", Seller: "seller", Asset: Token, FundBy: 10000, Inspection: 10000, Windows: Windows{Offers: 2000, Ruling: 7000, Appeal: 3000},
		Milestones: []Milestone{
			{Amount: "7", DeliverBy: 100000, Description: named("milestone-0")},
			{Amount: "7", DeliverBy: 100000, Description: named("milestone-1")},
			{Amount: "9", DeliverBy: Max, Description: named("milestone-2")},
		},
		Panel: Panel{Arbitrators: []string{"arb1"}, Quorum: 1}, AppealPanel: Panel{Arbitrators: []string{}},
		Bond: "1000", ArbitrationFee: "300", FallbackPpm: 500000, FeeBps: 50, TermsHash: named("terms"), Salt: named("salt-t"),
	}
	if diff := cmp.Diff(want, s.Terms["t"]); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	if s.Platform.FeeBps != 50 || s.Platform.Limits.FeeDelay != 90000 || s.Platform.Limits.OffersMin != 1200 {
		t.Errorf("platform: got %+v, want the defaults with fee_bps 50 and fee_delay 90000", s.Platform)
	}
	if s.Steps[1].At != 5 || s.Steps[2].At != 5 {
		t.Errorf("times: got %d and %d, want 5 and, left out, the same", s.Steps[1].At, s.Steps[2].At)
	}
	if by := s.Steps[2].Call.Args.By; by != nil {
		t.Errorf("by null: got %d, want none", *by)
	}
	if got := Max.Unix(9); got != 1<<64-1 {
		t.Errorf("max: got %d", got)
	}
	if got := Time(-3).Unix(9); got != 6 {
		t.Errorf("three seconds before 9: got %d", got)
	}
}

func TestBadStories(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"unknown field", `"about"`, `"abuot": "", "about"`, `g/good: json: unknown field "abuot"`},
		{"field twice", `"about"`, `"name": "x", "about"`, `field "name" is written twice`},
		{"field twice, once in capitals", `"about"`, `"NAME": "x", "about"`, `field "NAME" is written twice`},
		{"too deep", `["row:open"]`, strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000), `more than 100 values stand within each other`},
		{"a milestone a billion times", `"times": 2`, `"times": 1000000000`, `terms t: milestone 0 is there 1000000000 times: write 1 to 100`},
		{"a milestone never", `"times": 2`, `"times": 0`, `milestone 0 is there 0 times`},
		{"null for a flag", `"push": true`, `"push": null`, `step 2: push is null`},
		{"something behind", "\n  ]\n}", "\n  ]\n}{}", `there is something behind the JSON value`},
		{"name", `"g/good"`, `"g/other"`, `g/good: name is "g/other"`},
		{"about", `"A story."`, `"a story"`, `about is not a sentence`},
		{"covers nothing", `["row:open"]`, `[]`, `covers names nothing`},
		{"actor twice", `"arb1"],`, `"arb1", "buyer"],`, `actor "buyer" is named twice`},
		{"actor that is always there", `"arb1"],`, `"arb1", "admin"],`, `actor "admin" is named twice, or always there`},
		{"balance of a stranger", `{ "buyer": "100" }`, `{ "stranger": "100" }`, `balances: "stranger" is not among the actors`},
		{"amount as number", `{ "buyer": "100" }`, `{ "buyer": 100 }`, `100 is not an amount`},
		{"amount with zeros", `{ "buyer": "100" }`, `{ "buyer": "0100" }`, `"0100" is not an amount`},
		{"amount beyond i128", `{ "buyer": "100" }`, `{ "buyer": "170141183460469231731687303715884105728" }`, `is no i128`},
		{"platform", `"fee_delay"`, `"fee_dealy"`, `platform: json: unknown field "fee_dealy"`},
		{"unknown field of terms", `"panel"`, `"panels"`, `terms t: json: unknown field "panels"`},
		{"arbitrator who is nobody", `"panel": ["arb1"]`, `"panel": ["arb2"]`, `terms t: address: "arb2" is not among the actors`},
		{"milestone without amount", `{ "amount": "9", "deliver_by": "max" }`, `{ "deliver_by": "max" }`, `terms t: milestone 2 has no amount`},
		{"deliver_by of terms", `"panel"`, `"deliver_by": 5, "panel"`, `deliver_by belongs to a milestone`},
		{"time as text", `"deliver_by": "max"`, `"deliver_by": "soon"`, `"soon" is not a time`},
		{"hash", `"panel"`, `"salt": "pepper", "panel"`, `"pepper" is not a 32-byte value`},
		{"equal terms", `"terms": {`, `"terms": { "a": { "salt": "hash:s" }, "b": { "salt": "hash:s" },`, `terms b: these are the same terms as "a"`},
		{"back in time", `{ "at": 5, "world"`, `{ "at": -1, "world"`, `step 1: at -1 is before the step in front of it, at 0`},
		{"neither call nor world", `"world": "block", "actor": "buyer", "on": true`, `"note": "?"`, `step 1: a step is either a call or an act of the world`},
		{"world", `"world": "block"`, `"world": "flood"`, `step 1: world "flood": there are only`},
		{"world without a field", `, "on": true`, ``, `step 1: world block takes actor and on: look at on`},
		{"world with a field of calls", `"on": true`, `"on": true, "expect": "ok"`, `step 1: an act of the world has no fields of a call`},
		{"function", `"call": "open"`, `"call": "oben"`, `step 0: there is no function "oben"`},
		{"signer who is nobody", `"as": "buyer"`, `"as": "somebody"`, `step 0: as: "somebody" is not among the actors`},
		{"deposit of nobody", `"as": "nobody"`, `"as": "nobody", "deposit": "5"`, `step 2: nobody signs a deposit`},
		{"no such trade", `"trade": "t", "args": { "by": 0 }`, `"trade": "u", "args": { "by": 0 }`, `step 0: there are no terms "u"`},
		{"trade left out", `"trade": "t", "args": { "by": 0 }`, `"args": { "by": 0 }`, `step 0: open: a trade is named, and should not be, or should be`},
		{"argument left out", `{ "by": null, "push": true }`, `{ "by": null }`, `step 2: args of cancel: got [by], want [by push]`},
		{"argument too many", `{ "by": 0 }`, `{ "by": 0, "push": true }`, `step 0: args of open: got [by push], want [by]`},
		{"null by", `{ "by": 0 }`, `{ "by": null }`, `step 0: by is null: only cancel takes that`},
		{"argument of another kind", `{ "by": 0 }`, `{ "by": "0" }`, `step 0: args: json: cannot unmarshal string`},
		{"answer", `"NotDue"`, `"NotDeu"`, `step 2: expect "NotDeu" is neither ok, unauthorized nor the name of an error`},
		{"refused with effects", `"expect": "NotDue"`, `"expect": "NotDue", "owed": { "total": "1", "fees": "0" }`, `step 2: a refused call changes nothing`},
		{"owed without a total", `"returns": "id:t"`, `"owed": { "fees": "0" }`, `step 0: owed has a total and fees: one of them is missing`},
		{"event", `"opened", 0`, `"opned", 0`, `step 0: event 0: there is no event opned`},
		{"event too short", `["opened", 0, "terms:t"]`, `["opened", 0]`, `step 0: event 0: opened has 2 fields, not 1`},
		{"event with an amount as number", `["opened", 0, "terms:t"]`, `["ended", 0, "1"]`, `step 0: event 0: ended, field 0: 0 is no amount`},
		{"event with other terms", `"terms:t"`, `"terms:u"`, `field 1: "terms:u" is no terms`},
		{"event with a time as number", `["opened", 0, "terms:t"]`, `["delivered", 0, "hash:p", 5]`, `field 2: 5 is no time`},
		{"event with a time in no number", `["opened", 0, "terms:t"]`, `["delivered", 0, "hash:p", "+5x"]`, `field 2: "+5x" is no time`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("the good story does not contain %s", tt.old)
			}
			_, err := loadOne(t, strings.Replace(good, tt.old, tt.new, 1))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant an error with %q", err, tt.want)
			}
		})
	}
}

// TestEveryProblemIsNamed: three mistakes in two steps and two files give three lines.
func TestEveryProblemIsNamed(t *testing.T) {
	def, err := fs.ReadFile(files, "defaults.json")
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(strings.Replace(good, `"as": "buyer"`, `"as": "x"`, 1), `"world": "block"`, `"world": "y"`, 1)
	_, err = load(fstest.MapFS{
		"defaults.json":       {Data: def},
		"stories/g/good.json": {Data: []byte(bad)},
		"stories/g/more.json": {Data: []byte(strings.Replace(good, `"g/good"`, `"g/more"`, 1)[:40])},
		"stories/stray.json":  {Data: []byte("{}")},
	})
	for _, want := range []string{"g/good: step 0: ", "g/good: step 1: ", "g/more: ", "stories/stray.json: a story is a file"} {
		if err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v\nwant a line with %q", err, want)
		}
	}
}
