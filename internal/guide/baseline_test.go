package guide

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestReadBaseline(t *testing.T) {
	const good = "accepted:\n- {clause: M1, verdict: FAIL, modes: [wrong], reason: comes with the alerts, until: 2027-03-31}\n- {clause: C6, verdict: NOT EVIDENCED, reason: there is none here, until: 2027-03-31}\n"
	if b, err := ReadBaseline([]byte(good)); err != nil || len(b.Accepted) != 2 {
		t.Fatalf("%+v, %v", b, err)
	}
	if b, err := ReadBaseline([]byte("accepted: []\n")); err != nil || len(b.Accepted) != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	for _, text := range []string{"", "\n", "# nothing\n"} {
		if _, err := ReadBaseline([]byte(text)); err == nil || !strings.Contains(err.Error(), "nothing in it") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"a pass":             {"verdict: FAIL", "verdict: PASS", "PASS"},
		"no modes":           {"modes: [wrong], ", "", "modes"},
		"no reason":          {"reason: comes with the alerts, ", "", "no reason"},
		"for ever":           {"until: 2027-03-31}\n- ", "until: never}\n- ", "never"},
		"twice":              {"clause: C6", "clause: M1", "twice"},
		"an unknown field":   {"reason: there", "because: there", "because"},
		"another kind":       {"accepted:", "- accepted:", "baseline"},
		"a second document":  {"- {clause: C6", "---\naccepted:\n- {clause: C6", "second document"},
		"not evidenced, how": {"verdict: NOT EVIDENCED,", "verdict: NOT EVIDENCED, modes: [wrong],", "modes"},
	} {
		if _, err := ReadBaseline([]byte(strings.Replace(good, c.from, c.to, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}

func TestBaselineCheck(t *testing.T) {
	odd := Fail(Finding{Mode: "odd", Subject: "x"}, Finding{Mode: "wrong", Subject: "x"})
	accepted := func(a ...Accepted) Baseline { return Baseline{a} }
	m1 := Accepted{"M1", Failed, []string{"wrong"}, "comes with the alerts", "2027-03-31"}
	both := m1
	both.Modes = []string{"wrong", "odd"}
	for _, c := range []struct {
		name string
		b    Baseline
		m1   *Result
		at   string
		want string // in the error, none for none
	}{
		{"as accepted", accepted(m1), &fail, "2027-03-31T23:59:00Z", ""},
		{"as accepted, in two ways", accepted(both), &odd, "2027-01-01T00:00:00Z", ""},
		{"nothing to accept", accepted(), &pass, "2027-01-01T00:00:00Z", ""},
		{"not accepted", accepted(), &fail, "2027-01-01T00:00:00Z", "M1 is FAIL wrong, which is not accepted"},
		{"could not be looked at", accepted(), &open, "2027-01-01T00:00:00Z", "M1 is NOT EVIDENCED"},
		{"one more way to fail", accepted(m1), &odd, "2027-01-01T00:00:00Z", "M1 is FAIL odd, wrong, accepted is FAIL wrong"},
		{"no longer needed", accepted(m1), &pass, "2027-01-01T00:00:00Z", "take it out"},
		{"its time is over", accepted(m1), &fail, "2027-04-01T00:00:01Z", "until 2027-03-31"},
		{"its time is too long", accepted(m1), &fail, "2025-03-30T00:00:00Z", "within 2 years"},
		{"its time is as long as may be", accepted(m1), &fail, "2025-03-31T00:00:00Z", ""},
		{"of a clause that was not asked for", accepted(Accepted{"M2", Failed, []string{"wrong"}, "later", "2027-03-31"}), &pass, "2027-01-01T00:00:00Z", "M2 was not asked for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := audit(t, false, says("M1", c.m1, &pass))
			var err error
			if r.At, err = time.Parse(time.RFC3339, c.at); err != nil {
				t.Fatal(err)
			}
			err = c.b.Check(r)
			if (err != nil) != (c.want != "") || err != nil && (!errors.Is(err, ErrBaseline) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestABaselineOfAnotherGuide(t *testing.T) {
	g, err := New(says("M1", &pass, &pass))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		accepted Accepted
		want     string
	}{
		"of this guide":     {Accepted{Clause: "M1", Modes: []string{"wrong", "odd"}}, ""},
		"an unknown clause": {Accepted{Clause: "M99"}, `entry 1: the guide has no clause "M99"`},
		"an unknown way":    {Accepted{Clause: "M1", Modes: []string{"wrong", "worse"}}, `entry 1 (M1): the clause has no way to fail called "worse"`},
	} {
		if err := (Baseline{[]Accepted{c.accepted}}).Of(g); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
