package escrow_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// TestNextReadsAsAPersonWould goes through one trade and looks at what each person is told. The random trades check that Next is right and complete; this is what it looks like.
func TestNextReadsAsAPersonWould(t *testing.T) {
	terms := testTerms()
	offer := func(by escrow.Role) moment {
		return moment{1555, func(t escrow.Terms) escrow.Call {
			return escrow.CallOffer{Terms: t, By: by, Of: amount.Int(10_000), SellerAmount: amount.Int(7000)}
		}}
	}
	for _, tc := range []struct {
		name    string
		history []moment
		at      uint64
		role    escrow.Role
		want    []string
	}{
		{"the seller, before delivering", nil, 1500, escrow.Seller, []string{
			"deliver until 2000", "refund 1 to 10000", "dispute until 2000", "offer 0 to 10000 until 2000",
		}},
		{"the buyer, inspecting", []moment{delivered(1500)}, 1505, escrow.Buyer, []string{
			"release 1 to 10000", "dispute until 1510", "offer 0 to 10000 until 1510",
		}},
		{"the buyer, when the inspection is over", []moment{delivered(1500)}, 1510, escrow.Buyer, []string{
			"release 1 to 10000", "anyone settle",
		}},
		{"an arbitrator in the hearing", []moment{disputed(1500)}, 1530, 3, []string{"rule until 1550"}},
		{"an arbitrator who has voted", []moment{disputed(1500), voted(1521, 3, 5)}, 1530, 3, nil},
		{"one of the other panel", []moment{disputed(1500)}, 1530, 5, nil},
		{"the seller, ruled against, with an offer of the buyer", []moment{disputed(1500), voted(1530, 2, 0), voted(1531, 3, 0), offer(escrow.Buyer)}, 1560, escrow.Seller, []string{
			"refund 10000 to 10000", "offer 0 to 10000 until 1590", "accept_offer 7000 to 7000 until 1590", "evidence until 1590", "appeal until 1590 deposit 300",
		}},
		{"the buyer, whose offer died with the appeal", []moment{disputed(1500), voted(1530, 2, 0), voted(1531, 3, 0), offer(escrow.Seller), appealed(1560)}, 1561, escrow.Buyer, []string{
			"release 10000 to 10000", "offer 0 to 10000 until 1590", "evidence until 1590",
		}},
		{"a stranger, when a ruling is due", []moment{disputed(1500), voted(1530, 2, 0), voted(1531, 3, 0)}, 1590, escrow.Nobody, []string{"anyone settle"}},
		{"a stranger, before", []moment{disputed(1500), voted(1530, 2, 0), voted(1531, 3, 0)}, 1589, escrow.Nobody, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := play(t, terms, tc.history)
			trade := w.c.Trades[idOf(terms)]
			var got []string
			for _, o := range escrow.Next(&terms, &trade, false, tc.at, tc.role) {
				got = append(got, optionText(o))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

func optionText(o escrow.Option) string {
	text := o.Call.Function()
	if o.Anyone {
		text = "anyone " + text
	}
	if o.Max.Sign() > 0 {
		text += " " + o.Min.Units() + " to " + o.Max.Units()
	}
	if o.Until != 0 {
		text += fmt.Sprint(" until ", o.Until)
	}
	if o.Deposit.Sign() > 0 {
		text += " deposit " + o.Deposit.Units()
	}
	return text
}

func TestNextBeforeFundingAndWhilePaused(t *testing.T) {
	terms := testTerms()
	opened := escrow.Trade{OpenedBy: escrow.Seller, Stage: escrow.StageOpen, Bonds: [2]amount.Int128{escrow.Seller: terms.Bond}}
	for _, tc := range []struct {
		role   escrow.Role
		paused bool
		want   []string
	}{
		{escrow.Buyer, false, []string{"accept until 1100", "fund until 1100 deposit 11000", "cancel"}},
		{escrow.Buyer, true, []string{"cancel"}},
		{escrow.Seller, false, []string{"cancel"}},
		{escrow.Nobody, false, nil},
	} {
		var got []string
		for _, o := range escrow.Next(&terms, &opened, tc.paused, 1000, tc.role) {
			got = append(got, optionText(o))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("role %d, paused %v: got %v, want %v", tc.role, tc.paused, got, tc.want)
		}
	}
}

func TestDeadlinesFollowTheClock(t *testing.T) {
	terms := testTerms()
	terms.Milestones = append(terms.Milestones, escrow.Milestone{Amount: amount.Int(5), DeliverBy: 1540})
	w := play(t, terms, []moment{disputed(1500)})
	trade := w.c.Trades[idOf(terms)]
	var got []string
	for _, d := range escrow.Deadlines(&terms, &trade, 1501) {
		got = append(got, fmt.Sprintf("%d: milestone %d, %s, then %s", d.At, *d.Milestone, d.Ends, d.Then))
	}
	want := []string{
		"1520: milestone 0, offers, then hearing",
		"1540: milestone 1, funded, then due to the buyer",
		"1550: milestone 0, hearing, then appeal hearing",
		"1580: milestone 0, appeal hearing, then due",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	unfunded := escrow.Trade{Stage: escrow.StageAgreed}
	if d := escrow.Deadlines(&terms, &unfunded, 1099); len(d) != 1 || d[0].At != fundBy || d[0].Milestone != nil {
		t.Errorf("before funding: %+v", d)
	}
	if d := escrow.Deadlines(&terms, &unfunded, fundBy); len(d) != 0 {
		t.Errorf("from fund_by on: %+v", d)
	}
	if got, want := terms.LastDeadline(), uint64(deliverBy+inspect+offers+2*ruling+appealing); got != want {
		t.Errorf("last deadline %d, want %d", got, want)
	}
}

// TestPreviewSaysWhoPaysWhom looks at a settled ruling through a contract that knows this one trade only, as the API has it.
func TestPreviewSaysWhoPaysWhom(t *testing.T) {
	terms := testTerms()
	terms.FeeBps = 100
	w := play(t, terms, []moment{disputed(1500), voted(1530, 2, 600_000), voted(1531, 3, 600_000)})
	id := idOf(terms)
	c := escrow.Around(us, w.c.Config, id, &terms, w.c.Trades[id])
	settle := escrow.CallSettle{Terms: terms, Milestones: []uint32{0}, Push: true}
	r, err := c.Preview(1590, idOf, settle)
	if err != nil {
		t.Fatal(err)
	}
	// 6000 and 4000; two votes of 100: the buyer 120 of its 300 aside, the seller 80 of its part; a fee of 59.2, down; bonds 700 and 1000.
	want := []string{"4880 units, buyer (role 0)", "6861 units, seller (role 1)", "100 units, arb2 (role 2)", "100 units, arb3 (role 3)"}
	var got []string
	for _, p := range r.Payouts {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) || r.Fee != amount.Int(59) || r.Signer != "" || r.Deposit != nil {
		t.Errorf("got %v, fee %s, signer %q, deposit %v; want %v", got, r.Fee.Units(), r.Signer, r.Deposit, want)
	}
	if trade := c.Trades[id]; trade.Stage != escrow.StageFunded {
		t.Error("the preview happened")
	}
	if _, err := c.Preview(1589, idOf, settle); !errors.Is(err, escrow.ErrNotDue) {
		t.Errorf("a second before: %v", err)
	}
	appeal, err := c.Preview(1560, idOf, escrow.CallAppeal{Terms: terms, By: escrow.Buyer})
	if err != nil || appeal.Signer != buyer || appeal.Deposit == nil || appeal.Deposit.Amount != amount.Int(300) {
		t.Errorf("appeal: %+v, %v", appeal, err)
	}
	parked := escrow.Payment{Role: 1, Who: seller, Amount: amount.Int(5), Parked: true}
	if parked.String() != "5 units for seller (role 1), parked" {
		t.Errorf("a parked payment reads %q", parked)
	}
}

func TestStandingOffer(t *testing.T) {
	terms := testTerms()
	w := play(t, terms, []moment{{1400, func(t escrow.Terms) escrow.Call {
		return escrow.CallOffer{Terms: t, By: escrow.Seller, Of: amount.Int(10_000), SellerAmount: amount.Int(1)}
	}}})
	trade := w.c.Trades[idOf(terms)]
	m := &trade.Milestones[0]
	if o := escrow.StandingOffer(&terms, 0, m, escrow.Seller, deliverBy-1); o == nil || o.SellerAmount != amount.Int(1) {
		t.Errorf("before deliver_by: %+v", o)
	}
	if o := escrow.StandingOffer(&terms, 0, m, escrow.Seller, deliverBy); o != nil {
		t.Errorf("from deliver_by on: %+v", o)
	}
	if o := escrow.StandingOffer(&terms, 0, m, escrow.Buyer, deliverBy-1); o != nil {
		t.Errorf("the buyer made none: %+v", o)
	}
}

func TestRolesAndAddresses(t *testing.T) {
	terms := testTerms()
	for r, want := range []escrow.Address{buyer, seller, "arb2", "arb3", "arb4", "jud5", "jud6", "jud7"} {
		role := escrow.Role(r)
		if got, ok := terms.AddressOf(role); !ok || got != want {
			t.Errorf("role %d is %s, %v; want %s", role, got, ok, want)
		}
		if got, ok := terms.RoleOf(want); !ok || got != role {
			t.Errorf("%s holds %d, %v; want %d", want, got, ok, role)
		}
	}
	for _, r := range []escrow.Role{8, escrow.Nobody} {
		if a, ok := terms.AddressOf(r); ok {
			t.Errorf("role %d is %s", r, a)
		}
	}
	if r, ok := terms.RoleOf(stranger); ok {
		t.Errorf("the stranger holds role %d", r)
	}
}

func TestHashesInText(t *testing.T) {
	type both struct {
		ID   escrow.ID
		Hash escrow.Hash
	}
	in := both{escrow.ID{1, 2}, escrow.Hash{0xff}}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out both
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%s came back as %+v, %v", text, out, err)
	}
	for _, bad := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("0", 65), strings.Repeat("0", 66), strings.Repeat("x", 64)} {
		if err := new(escrow.ID).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was read as an id", bad)
		}
	}
}

func TestErrorsName(t *testing.T) {
	terms := testTerms()
	w := play(t, terms, nil)
	_, err := w.do(buyer, escrow.CallRelease{Terms: terms, Amount: amount.Int(10_001)})
	var refusal *escrow.Refusal
	if !errors.As(err, &refusal) || refusal.Code != escrow.ErrAmountOutOfRange || !errors.Is(err, escrow.ErrAmountOutOfRange) ||
		err.Error() != "the amount is out of range: 10001, not 1 to 10000 units" {
		t.Errorf("got %v", err)
	}
	if _, err := w.do(stranger, escrow.CallRelease{Terms: terms, Amount: amount.Int(1)}); !errors.Is(err, escrow.ErrUnauthorized) || !strings.Contains(err.Error(), "buyer") {
		t.Errorf("got %v", err)
	}
	if _, err := w.do(admin, nil); err == nil {
		t.Error("no call was carried out")
	}
	if s := escrow.Phase(10).String(); s != "unknown (10)" {
		t.Errorf("phase 10 is %q", s)
	}
}
