package vectors

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table in README.md anew")

// required is what the stories must cover between them, each by at least one story: the rows of the table of a milestone's life, every border
// between two windows, every phase, attacks of docs/contract-attacks.md by their ids, and the rules that
// stand between the lines.
var required = []struct{ key, what string }{
	{"row:open", "open by buyer or seller, and every refusal of terms"},
	{"row:accept", "the other side agrees; the seller's agreement brings the bond"},
	{"row:fund", "total and the buyer's bond in one transfer"},
	{"row:cancel", "open or agreed ends, by a party or from fund_by by anyone"},
	{"row:deliver", "the inspection clock starts"},
	{"row:release", "part or all to the seller"},
	{"row:refund", "part or all back to the buyer"},
	{"row:due-to-buyer", "from deliver_by anyone settles an undelivered milestone"},
	{"row:due-to-seller", "from the end of inspection anyone settles a delivered one"},
	{"row:dispute", "either side sets the fee of a hearing aside"},
	{"row:offer", "a standing offer, accepted exactly as it stands"},
	{"row:concede", "all that is left, released or refunded in a dispute"},
	{"row:evidence", "an event while a ruling is open"},
	{"row:rule", "votes, all or none of a call"},
	{"row:appeal", "once, by deposit, and the second panel hears at once"},
	{"row:no-quorum", "the clock calls the second panel, else the fallback"},
	{"row:appeal-silent", "a second hearing without quorum: the first ruling stands, or the fallback"},
	{"row:settle", "anyone carries out what is due"},
	{"edge:fund_by", "accept and fund end, cancel by anyone begins"},
	{"edge:deliver_by", "deliver, dispute and offers end, settle begins"},
	{"edge:inspection", "dispute and offers end, settle begins"},
	{"edge:offers", "offers die, votes begin"},
	{"edge:hearing", "votes end; ruling, fallback or the second panel begins"},
	{"edge:appeal-window", "appeal ends, settle begins"},
	{"edge:appeal-hearing", "votes of the second panel end, settle begins"},
	{"edge:fee-change", "the new fee is in force"},
	{"phase:0", "every action on a funded milestone"},
	{"phase:1", "… due to the buyer"},
	{"phase:2", "… delivered"},
	{"phase:3", "… due to the seller"},
	{"phase:4", "… in the offers of a dispute"},
	{"phase:5", "… in the hearing"},
	{"phase:6", "… ruled, in the appeal window"},
	{"phase:7", "… in the appeal hearing"},
	{"phase:8", "… ruled and due"},
	{"phase:9", "… ended"},
	{"attack:D1", "an appeal that overturns by silence"},
	{"attack:D2", "a token that aborts every payout: push = false"},
	{"attack:D4", "a role or a claim's target that strands money"},
	{"attack:D6", "the issuer freezes or takes the pooled balance"},
	{"attack:D8", "a fee receiver who cannot be paid"},
	{"attack:D9", "deliver_by right behind fund_by"},
	{"attack:D10", "quorums and panels that let one or nobody rule"},
	{"attack:D11", "money sent to the contract by mistake"},
	{"attack:E3", "a part released or refunded under a ruling"},
	{"attack:E4", "twenty disputes for one bond"},
	{"attack:E5", "a stale offer taken after the ruling"},
	{"attack:E6", "a deal in the last second to save the hearing's fee"},
	{"attack:E7", "acts that come too late, before anybody has settled"},
	{"attack:E13", "ended or cancelled terms opened again"},
	{"attack:E15", "terms signed before the fee changed"},
	{"attack:E16", "everything under pause"},
	{"attack:E17", "a token that delivers less than it was sent"},
	{"attack:E20", "many releases too small for a fee"},
	{"attack:E23", "a bond taken out or held by a dispute of another milestone"},
	{"attack:E24", "the order in which milestones are settled"},
	{"attack:I1", "empty seats are not paid for"},
	{"attack:I2", "50,000 ppm turn the costs of an appeal, 49,999 do not"},
	{"attack:I3", "silence is noted"},
	{"attack:I5", "no bond: hearings unpaid"},
	{"attack:I7", "disputed undelivered, for the fallback"},
	{"rule:amounts", "1 up to what is left"},
	{"rule:anchor", "the audit log's head"},
	{"rule:admin", "handover in two steps"},
	{"rule:claim", "who may send what is parked where"},
	{"rule:collect", "booked fees, paid to the receiver of the day"},
	{"rule:deploy", "limits that make sense, and a receiver who can have the fees"},
	{"rule:deposit", "the exact transfer is signed, and arrives"},
	{"rule:dispute-deposit", "a dispute's fee comes from the bond only where no other milestone goes on"},
	{"rule:ended", "before funding and after the end nothing works but claim"},
	{"rule:even-votes", "the mean of the middle two, down"},
	{"rule:every-second", "one phase in each second, none missing between two"},
	{"rule:fee", "a delayed fee, replaced, withdrawn"},
	{"rule:fee-on-received", "the platform's fee is of what the seller really receives"},
	{"rule:indices", "no milestone outside the terms"},
	{"rule:largest-amount", "2^63-1, and sums beyond i128"},
	{"rule:lists", "in order, all or nothing, never empty"},
	{"rule:median-1", "the median of one vote"},
	{"rule:median-2", "… two"},
	{"rule:median-3", "… three"},
	{"rule:median-4", "… four"},
	{"rule:median-5", "… five"},
	{"rule:median-6", "… six"},
	{"rule:median-7", "… seven"},
	{"rule:order", "which refusal comes first"},
	{"rule:order-of-payment", "aside, part, bond, then the other's aside"},
	{"rule:parked", "a failed payout is parked and delays nobody"},
	{"rule:roles", "numbers that are nobody's"},
	{"rule:rounding", "which way each division goes"},
	{"rule:settings", "an act of the admin changes its own setting alone"},
	{"rule:shortage", "less there than is owed"},
	{"rule:shortfall", "a second hearing with too little money"},
	{"rule:signatures", "whose signature is demanded"},
	{"rule:terms", "other terms are nobody's trade"},
}

func stories(t *testing.T) []*Story {
	t.Helper()
	list, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// coverage is, by key, the names of the stories that cover it. Keys are those the stories name, and what their steps show by themselves:
// "call:NAME" was accepted, "error:NAME" was the answer (unauthorized included), "event:NAME" was written.
func coverage(list []*Story) map[string][]string {
	by := map[string][]string{}
	for _, s := range list {
		keys := map[string]bool{}
		for _, k := range s.Covers {
			keys[k] = true
		}
		for _, st := range s.Steps {
			switch {
			case st.Call == nil:
				keys["world:"+st.World.Act] = true
			case st.Want.Answer == OK:
				keys["call:"+st.Call.Name] = true
			default:
				keys["error:"+st.Want.Answer] = true
			}
			for _, e := range st.Want.Events {
				keys["event:"+e[0].(string)] = true
			}
		}
		for k := range keys {
			by[k] = append(by[k], s.Name)
		}
	}
	return by
}

func TestCoverage(t *testing.T) {
	list := stories(t)
	by := coverage(list)
	known := map[string]bool{}
	for _, r := range required {
		known[r.key] = true
	}
	for _, s := range list {
		for _, k := range s.Covers {
			if !known[k] {
				t.Errorf("%s covers %q, which the list of required keys does not explain", s.Name, k)
			}
		}
	}
	want := slices.Collect(maps.Keys(known))
	want = append(want, "error:"+Unauthorized)
	for _, c := range codes {
		want = append(want, "error:"+c)
	}
	for name := range functions {
		want = append(want, "call:"+name)
	}
	for name := range fields {
		want = append(want, "event:"+name)
	}
	slices.Sort(want)
	for _, k := range want {
		if len(by[k]) == 0 {
			t.Errorf("no story covers %s", k)
		}
	}
	steps := 0
	for _, s := range list {
		steps += len(s.Steps)
	}
	t.Logf("%d stories, %d steps, %d keys covered", len(list), steps, len(by))
}

// TestEdges: for every border some story that names it acts in three seconds in a row, so that it can stand on both sides of the border.
func TestEdges(t *testing.T) {
	found := map[string]bool{}
	for _, s := range stories(t) {
		at := map[Time]bool{}
		three := false
		for _, st := range s.Steps {
			at[st.At] = at[st.At] || st.Call != nil
		}
		for x := range at {
			three = three || at[x] && at[x+1] && at[x+2]
		}
		for _, k := range s.Covers {
			found[k] = found[k] || three
		}
	}
	edges := 0
	for _, r := range required {
		if !strings.HasPrefix(r.key, "edge:") {
			continue
		}
		edges++
		if !found[r.key] {
			t.Errorf("no story of %s acts in the second before, in and after it", r.key)
		}
	}
	if edges == 0 {
		t.Error("there are no edges among the required keys")
	}
}

const (
	tableStart = "<!-- covered: go test ./contract/vectors -update -->\n"
	tableEnd   = "<!-- /covered -->\n"
)

// TestTable compares the table in README.md with the stories.
func TestTable(t *testing.T) {
	list := stories(t)
	by := coverage(list)
	var b bytes.Buffer
	steps := 0
	for _, s := range list {
		steps += len(s.Steps)
	}
	fmt.Fprintf(&b, "%d stories, %d steps.\n\n| key | what | stories |\n| --- | --- | --- |\n", len(list), steps)
	for _, r := range required {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.key, r.what, names(by[r.key]))
	}
	for _, c := range append(slices.Clone(codes), Unauthorized) {
		fmt.Fprintf(&b, "| error:%s | | %s |\n", c, names(by["error:"+c]))
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), tableStart)
	old, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("README.md has no table between %q and %q", tableStart, tableEnd)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(before+tableStart+b.String()+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), old); diff != "" {
		t.Errorf("the table in README.md is not of these stories; go test ./contract/vectors -update writes it (-want +got):\n%s", diff)
	}
}

// names is a list of at most four stories and how many more there are.
func names(list []string) string {
	const most = 4
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}
