package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// TestABodyInAnotherCoding: a coding that is passed over would have the body read as what it is not.
func TestABodyInAnotherCoding(t *testing.T) {
	c := newClient(t, newModelNet())
	good := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_ = must(z.Write([]byte(good)))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ header, value, body, says string }{
		{"Content-Encoding", "gzip", packed.String(), "Content-Encoding: gzip"},
		{"Content-Encoding", "gzip", good, "Content-Encoding: gzip"},
		{"Content-Encoding", "identity, br", good, "br"},
		{"Content-Type", "application/json; charset=latin1", good, "charset latin1"},
		{"Content-Type", "application/json; charset=utf-16", good, "charset utf-16"},
		{"Content-Type", "text/plain", good, "text/plain"},
	} {
		p := c.problem(http.StatusUnsupportedMediaType, http.MethodPost, "/v1/trades", test.body, test.header, test.value)
		if p.Code != "media-type" || !strings.Contains(p.Detail, test.says) || !strings.Contains(p.NextStep, "plain JSON in UTF-8") {
			t.Errorf("%s: %s: %+v", test.header, test.value, p)
		}
	}
	if w := c.call(http.MethodPost, "/v1/trades", good, "Content-Encoding", "gzip"); w.Header().Get("Accept-Encoding") != "identity" {
		t.Errorf("what would be accepted is not said: %v", w.Header())
	}
	for _, fine := range [][2]string{{"Content-Encoding", "identity"}, {"Content-Encoding", ""}, {"Content-Type", `application/json; charset="UTF-8"`}, {"Content-Type", "application/json"}} {
		want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", good, fine[0], fine[1])
	}
	want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades", nil, "Content-Encoding", "gzip") // of no body
}

// TestNextStepsOfBadBodies: the next step is about what was sent.
func TestNextStepsOfBadBodies(t *testing.T) {
	c := newClient(t, newModelNet())
	good := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	for body, next := range map[string]string{
		"":                          "send JSON",
		"<xml/>":                    "send one JSON document",
		"{\"by\":\"\xff\"}":         "UTF-8",
		`{"by":"buyer",` + good[1:]: "leave one of them",
		`{"By":"seller"}`:           "as they stand in /openapi.json",
		good + good:                 "send one JSON document",
		strings.Repeat("[", 99):     "send one JSON document",
	} {
		if p := c.problem(http.StatusBadRequest, http.MethodPost, "/v1/trades", body); p.Code != "malformed-json" || !strings.Contains(p.NextStep, next) {
			t.Errorf("%s: %s (%s), want %q", clip(body), p.NextStep, p.Detail, next)
		}
	}
}

// TestQuotesHelpNumbersOnly: null or a list does not become text by quotes around it.
func TestQuotesHelpNumbersOnly(t *testing.T) {
	c := newClient(t, newModelNet())
	for value, says := range map[string]string{
		`null`: "null, where a string is expected", `["1"]`: "a list, where a string is expected", `{"a":1}`: "an object, where a string is expected",
		`1`: "a number, where a string is expected: put it in quotes", `true`: "true or false, where a string is expected: put it in quotes",
	} {
		for _, field := range []struct{ path, body, at string }{
			{"/v1/trades", `{"by":VALUE,"terms":{}}`, "body.by"},
			{"/v1/transactions", `{"transaction":VALUE}`, "body.transaction"},
		} {
			p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, field.path, strings.Replace(field.body, "VALUE", value, 1))
			if f, ok := p.field(field.at); !ok || f.Message != says {
				t.Errorf("%s of %s: %+v, want %q", value, field.at, p.Errors, says)
			}
		}
	}
}

// TestBoundsAreWrittenInDigits: a bound has the form in which it can be sent.
func TestBoundsAreWrittenInDigits(t *testing.T) {
	c := newClient(t, newModelNet())
	for path, says := range map[string]string{
		"/v1/trades?min_ledger=4294967296": "above 4294967295", "/v1/trades?limit=101": "above 100", "/v1/trades?limit=0": "below 1",
	} {
		if p := c.problem(http.StatusUnprocessableEntity, http.MethodGet, path, nil); !strings.Contains(p.Errors[0].Message, says) || strings.Contains(p.Errors[0].Message, "e+") {
			t.Errorf("%s: %+v", path, p.Errors)
		}
	}
}

// TestFormatsHoldTheirBounds: a client generated from the document has room for every number it may meet.
func TestFormatsHoldTheirBounds(t *testing.T) {
	mux := http.NewServeMux()
	s := &server{}
	doc := newHuma(mux)
	s.register(doc)
	seen := 0
	check := func(at string, schema *huma.Schema) {
		if schema != nil && schema.Type == huma.TypeInteger {
			if seen++; schema.Format != "int64" {
				t.Errorf("%s is an integer of format %q", at, schema.Format)
			}
		}
	}
	for name, schema := range doc.OpenAPI().Components.Schemas.Map() {
		for field, one := range schema.Properties {
			check(name+"."+field, one)
			check(name+"."+field+"[]", one.Items)
		}
	}
	for path, item := range doc.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post} {
			if op != nil {
				for _, p := range op.Parameters {
					check(path+" "+p.Name, p.Schema)
				}
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d integers", seen)
	}
}
