package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// wrongForms are JSON values that belong in no whole number's field: what is said of them, and how they are echoed.
var wrongForms = []struct{ name, value, says, echo string }{
	{"a point", `2.0`, "not written as a whole number", "2.0"},
	{"an exponent", `1e3`, "not written as a whole number", "1e3"},
	{"a fraction", `0.5`, "not written as a whole number", "0.5"},
	{"2^63", `9223372036854775808`, "too large", "9223372036854775808"},
	{"below -2^63", `-9223372036854775809`, "too large", "-9223372036854775809"},
	{"40 digits", strings.Repeat("9", 40), "too large", strings.Repeat("9", 40)},
	{"300 digits", strings.Repeat("9", 300), "too large", strings.Repeat("9", 100) + "…"},
	{"beyond any float", `1e400`, "not written as a whole number", "1e400"},
	{"a string", `"3"`, "a string, where a whole number is expected", `"3"`},
	{"true", `true`, "true or false, where a whole number is expected", `true`},
	{"an object", `{"a":{"b":1}}`, "an object, where a whole number is expected", `{"a":{"b":1}}`},
	{"a list", `[1,"<2>"]`, "a list, where a whole number is expected", `[1,"<2>"]`},
}

// numbers are all whole numbers in bodies: where they are sent, the field's place, and a body with VALUE there.
func numbers(id string) (all []struct{ path, at, body string }) {
	add := func(path, at, body string) {
		all = append(all, struct{ path, at, body string }{path, at, body})
	}
	good := goodTerms()
	good.FeeBps, good.Panel.Quorum, good.AppealPanel.Quorum = index(100), index(2), index(1)
	text := string(must(json.Marshal(OpenIn{Terms: good, By: "buyer", ValidFor: index(600)})))
	for at, old := range map[string]string{
		"terms.inspection": `"inspection":10000`, "terms.windows.offers": `"offers":2000`, "terms.windows.ruling": `"ruling":5000`,
		"terms.windows.appeal": `"appeal":3000`, "terms.fallback_ppm": `"fallback_ppm":500000`, "terms.fee_bps": `"fee_bps":100`,
		"terms.panel.quorum": `"quorum":2`, "terms.appeal_panel.quorum": `"quorum":1`, "valid_for": `"valid_for":600`,
	} {
		if strings.Count(text, old) != 1 {
			panic(old)
		}
		name, _, _ := strings.Cut(old, ":")
		add("/v1/trades", "body."+at, strings.Replace(text, old, name+":VALUE", 1))
	}
	actions := "/v1/trades/" + id + "/actions/"
	for _, action := range []string{"deliver", "release", "refund", "dispute", "offer", "accept_offer", "evidence", "appeal"} {
		add(actions+action, "body.milestone", `{"by":"buyer","milestone":VALUE}`)
	}
	for _, r := range actionTable() {
		add(actions+r.name, "body.valid_for", `{"valid_for":VALUE}`)
	}
	add(actions+"settle", "body.milestones[1]", `{"milestones":[0,VALUE]}`)
	add(actions+"rule", "body.rulings[0].milestone", `{"by":"arbitrator-1","rulings":[{"milestone":VALUE,"seller_ppm":0}]}`)
	add(actions+"rule", "body.rulings[1].seller_ppm", `{"by":"arbitrator-1","rulings":[{"milestone":0,"seller_ppm":0},{"milestone":1,"seller_ppm":VALUE}]}`)
	add("/v1/assets/"+contractAddress("usdc").String()+"/actions/collect", "body.valid_for", `{"source":"`+address("stranger")+`","valid_for":VALUE}`)
	return all
}

func TestANumberOfTheWrongFormIsNamed(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	before := n.changes
	for _, field := range numbers(id) {
		for _, form := range wrongForms {
			body := strings.Replace(field.body, "VALUE", form.value, 1)
			p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, field.path, body)
			f, ok := p.field(field.at)
			if !ok || len(p.Errors) != 1 || p.Code != "invalid-fields" {
				t.Errorf("%s, %s of %s: %s names %+v", field.path, form.name, field.at, p.Code, p.Errors)
				continue
			}
			if !strings.Contains(f.Message, form.says) || f.Value != form.echo || !strings.HasPrefix(p.Detail, field.at+": ") {
				t.Errorf("%s, %s of %s: %q about %q, want %q about %q; detail %q", field.path, form.name, field.at, f.Message, f.Value, form.says, form.echo, p.Detail)
			}
		}
	}
	if n.changes != before {
		t.Error("something changed")
	}
}

// TestNullIsNoNumber: for a field that may be left out, null leaves it out; for every other one, and in a list, it is named.
func TestNullIsNoNumber(t *testing.T) {
	c := newClient(t, newModelNet())
	id := c.funded()
	optional := map[string]bool{"body.valid_for": true, "body.terms.fee_bps": true, "body.terms.panel.quorum": true, "body.terms.appeal_panel.quorum": true, "body.milestone": true}
	named := 0
	for _, field := range numbers(id) {
		if optional[field.at] {
			continue
		}
		named++
		p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, field.path, strings.Replace(field.body, "VALUE", "null", 1))
		if f, ok := p.field(field.at); !ok || f.Value != "null" || !strings.Contains(f.Message, "null, where a whole number is expected") {
			t.Errorf("%s of %s: %+v", field.path, field.at, p.Errors)
		}
	}
	if named < 8 {
		t.Errorf("only %d numbers have to be given", named)
	}
	if p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades/"+id+"/actions/deliver", `{"milestone":null}`); p.Errors[0].Location != "body.milestone" || !strings.Contains(p.Errors[0].Message, "missing") {
		t.Errorf("%+v", p.Errors)
	}
}

// TestNumbersThatFitAreTheRulesToJudge sends each number the largest and smallest that fit: nothing overflows on the way to whoever names the bounds.
func TestNumbersThatFitAreTheRulesToJudge(t *testing.T) {
	c := newClient(t, newModelNet())
	id := c.funded()
	for _, field := range numbers(id) {
		for _, value := range []int64{-1 << 63, -1, 1<<63 - 1} {
			p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, field.path, strings.Replace(field.body, "VALUE", strconv.FormatInt(value, 10), 1))
			if f, ok := p.field(field.at); !ok || f.Value != strconv.FormatInt(value, 10) || strings.Contains(f.Message, "whole number") {
				t.Errorf("%s of %s %d: %+v", field.path, field.at, value, p.Errors)
			}
		}
	}
}

// TestTimesOfTheWrongFormAreNamed does the same for times, which are strings or numbers.
func TestTimesOfTheWrongFormAreNamed(t *testing.T) {
	c := newClient(t, newModelNet())
	text := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	for at, old := range map[string]string{"body.terms.fund_by": `"fund_by":"2026-01-01T02:46:40Z"`, "body.terms.milestones[0].deliver_by": `"deliver_by":"2026-01-02T03:46:40Z"`} {
		if strings.Count(text, old) != 1 {
			t.Fatal(old)
		}
		name, _, _ := strings.Cut(old, ":")
		for value, says := range map[string]string{
			`-1`: "unix seconds", `1.5`: "unix seconds", `1e9`: "unix seconds", `null`: "unix seconds", `true`: "unix seconds", `{"a":[1]}`: "unix seconds", `[]`: "unix seconds", `"soon"`: "RFC 3339",
			`18446744073709551616`: "2^64-1", `9223372036854775808`: "too far away", `18446744073709551615`: "too far away",
		} {
			p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades", strings.Replace(text, old, name+":"+value, 1))
			f, ok := p.field(at)
			if !ok || len(p.Errors) != 1 || !strings.Contains(f.Message, says) || f.Value != strings.Trim(value, `"`) {
				t.Errorf("%s of %s: %+v", value, at, p.Errors)
			}
		}
	}
}

// TestScalarsOfTheWrongKindAreNamed sends what is no string, flag, list or object where one belongs.
func TestScalarsOfTheWrongKindAreNamed(t *testing.T) {
	c := newClient(t, newModelNet())
	id := c.funded()
	terms := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer", AcceptToken: true})))
	swap := func(old, fresh string) string {
		if strings.Count(terms, old) != 1 {
			t.Fatal(old)
		}
		return strings.Replace(terms, old, fresh, 1)
	}
	actions := "/v1/trades/" + id + "/actions/"
	for _, test := range []struct{ path, body, at, says, echo string }{
		{"/v1/trades", swap(`"bond":"1"`, `"bond":1`), "body.terms.bond", "a number, where a string is expected", "1"},
		{"/v1/trades", swap(`"bond":"1"`, `"bond":{"of":{"usdc":1}}`), "body.terms.bond", "an object, where a string", `{"of":{"usdc":1}}`},
		{"/v1/trades", swap(`"amount":"12.5"`, `"amount":12.5`), "body.terms.milestones[0].amount", "a number, where a string", "12.5"},
		{"/v1/trades", swap(`"amount":"12.5"`, `"amount":["`+strings.Repeat("x", 200)+`"]`), "body.terms.milestones[0].amount", "a list, where a string", `["` + strings.Repeat("x", 98) + "…"},
		{"/v1/trades", swap(`"amount":"12.5"`, `"amount":null`), "body.terms.milestones[0].amount", "null, where a string", "null"},
		{"/v1/trades", swap(`"by":"buyer"`, `"by":{"a":1}`), "body.by", "an object, where a string", `{"a":1}`},
		{"/v1/trades", swap(`"accept_token":true`, `"accept_token":"yes"`), "body.accept_token", "a string, where true or false", `"yes"`},
		{"/v1/trades", swap(`"windows":{`, `"windows":[],"x":{`), "body.terms.windows", "a list, where an object", `[]`},
		{"/v1/trades", `{"by":"buyer","terms":"gold"}`, "body.terms", "a string, where an object", `"gold"`},
		{"/v1/trades", `{"by":"buyer","price":{"usdc":[1]},"terms":{}}`, "body.price", "no field of this object", `{"usdc":[1]}`},
		{actions + "release", `{"milestone":0,"amount":{"usdc":1}}`, "body.amount", "an object, where a string", `{"usdc":1}`},
		{actions + "release", `{"milestone":0,"amount":1}`, "body.amount", "a number, where a string", "1"},
		{actions + "settle", `{"milestones":0}`, "body.milestones", "a number, where a list", "0"},
		{actions + "settle", `{"push":0}`, "body.push", "a number, where true or false", "0"},
		{actions + "rule", `{"rulings":[0]}`, "body.rulings[0]", "a number, where an object", "0"},
		{"/v1/transactions", `{"transaction":7}`, "body.transaction", "a number, where a string", "7"},
		{"/v1/transactions/assemble", `{"transaction":"","authorisations":[{"entry":{"a":1}}]}`, "body.authorisations[0].entry", "an object, where a string", `{"a":1}`},
	} {
		p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, test.path, test.body)
		if f, ok := p.field(test.at); !ok || !strings.Contains(f.Message, test.says) || f.Value != test.echo {
			t.Errorf("%s with %s: %+v", test.path, test.body, p.Errors)
		}
	}
}
