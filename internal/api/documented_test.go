package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// anywhere are the problems that any route may answer; no route lists them.
var anywhere = []kind{kindInternal, kindNoRoute, kindMethod, kindUnknownKey, kindKeyAddress, kindTooLarge, kindSlowBody, kindMediaType, kindMalformed, kindTimedOut}

// documentedRoute is what the OpenAPI document says of one operation.
type documentedRoute struct {
	method string
	path   *regexp.Regexp
	says   map[string]string // descriptions by status
}

var placeholder = regexp.MustCompile(`\\\{\w+\\\}`)

var documentedRoutes = sync.OnceValue(func() []documentedRoute {
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Description string `json:"description"`
			} `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(newClient(nil, newModelNet()).call(http.MethodGet, "/openapi.json", nil).Body.Bytes(), &doc); err != nil {
		panic(err)
	}
	var out []documentedRoute
	for path, methods := range doc.Paths {
		for method, op := range methods {
			r := documentedRoute{strings.ToUpper(method), regexp.MustCompile("^" + placeholder.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"), map[string]string{}}
			for status, response := range op.Responses {
				r.says[status] = response.Description
			}
			out = append(out, r)
		}
	}
	return out
})

// checkDocumented wants every problem that any test meets to be one that the document lists for its route.
func (c *client) checkDocumented(method, path string, p Problem) {
	c.t.Helper()
	path, _, _ = strings.Cut(path, "?")
	known := slices.ContainsFunc(kinds(), func(k kind) bool { return k.Code == p.Code })
	if !known || slices.ContainsFunc(anywhere, func(k kind) bool { return k.Code == p.Code }) {
		return // the contract's own refusals stand for "refused"
	}
	for _, r := range documentedRoutes() {
		if r.method == method && r.path.MatchString(path) {
			if !slices.Contains(strings.Split(r.says[strconv.Itoa(p.Status)], ", "), p.Code) {
				c.t.Errorf("%s %s answers %d %s, which the document does not list: %q", method, path, p.Status, p.Code, r.says[strconv.Itoa(p.Status)])
			}
			return
		}
	}
	c.t.Errorf("%s %s answers %s and is not documented", method, path, p.Code)
}
