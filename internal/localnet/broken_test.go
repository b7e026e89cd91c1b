package localnet_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
)

// What is no call, or not only calls, is answered as by the real server's library (jrpc2's bridge), and always as JSON-RPC.
func TestBrokenRequests(t *testing.T) {
	const call = `{"jsonrpc":"2.0","id":1,"method":"getHealth"}`
	const healthy = `{"jsonrpc":"2.0","id":1,"result":{"status":"healthy"}}`
	noJSON := `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"invalid request value"}}`
	noObject := `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"request is not a JSON object"}}`
	invalid := func(id, message string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32600,"message":"` + message + `"}}`
	}
	s := newStranger(t, open(t, localnet.Options{}))
	for _, c := range []struct {
		name, method, kind, body string
		status                   int
		want                     string
	}{
		{"no JSON", "POST", "application/json", "hello", 200, noJSON},
		{"nothing", "POST", "application/json", "", 200, noJSON},
		{"half a call", "POST", "application/json", call[:20], 200, noJSON},
		{"half a batch", "POST", "application/json", "[" + call + ",", 200, noJSON},
		{"two calls", "POST", "application/json", call + call, 200, noJSON},
		{"a number", "POST", "application/json", "1", 200, noObject},
		{"a string", "POST", "application/json", `"getHealth"`, 200, noObject},
		{"no version", "POST", "application/json", `{"id":1,"method":"getHealth"}`, 200, invalid("1", "invalid version marker")},
		{"no method", "POST", "application/json", `{"jsonrpc":"2.0","id":"a"}`, 200, invalid(`"a"`, "empty method name")},
		{"an object as id", "POST", "application/json", `{"jsonrpc":"2.0","id":{},"method":"getHealth"}`, 200, invalid("null", "invalid request ID")},
		{"parameters in a string", "POST", "application/json", `{"jsonrpc":"2.0","id":1,"method":"getHealth","params":"x"}`, 200, invalid("1", "parameters must be array or object")},
		{"no answer wanted", "POST", "application/json", `{"jsonrpc":"2.0","method":"getHealth"}`, 204, ""},

		{"a batch", "POST", "application/json", "[" + call + "," + call + "]", 200, "[" + healthy + "," + healthy + "]"},
		{"a batch of one", "POST", "application/json", "[" + call + "]", 200, "[" + healthy + "]"},
		{"a batch of none", "POST", "application/json", "[]", 204, ""},
		{"a batch with what is no call", "POST", "application/json", "[1," + call + "]", 200, "[" + noObject + "," + healthy + "]"},
		{"a batch in a batch", "POST", "application/json", "[[" + call + "]]", 200, "[" + noObject + "]"},

		{"as text", "POST", "text/plain", call, 415, invalid("null", "content-type must be application/json")},
		{"as nothing", "POST", "", call, 415, invalid("null", "content-type must be application/json")},
		{"in UTF-8", "POST", "application/json; charset=utf-8", call, 200, healthy},
		{"in another alphabet", "POST", "application/json; charset=latin1", call, 415, invalid("null", "invalid content-type charset")},
		{"a page", "GET", "", "", 405, invalid("null", "JSON-RPC takes POST")},
		{"the most", "POST", "application/json", call + strings.Repeat(" ", 512<<10-len(call)), 200, healthy},
		{"more than the most", "POST", "application/json", call + strings.Repeat(" ", 512<<10-len(call)+1), 413, invalid("null", "the request is larger than 524288 bytes")},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := http.NewRequestWithContext(t.Context(), c.method, s.url, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.kind != "" {
				q.Header.Set("Content-Type", c.kind)
			}
			res, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			answer, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := rpcText(t, answer); res.StatusCode != c.status || got != c.want {
				t.Errorf("got %d %s, want %d %s", res.StatusCode, got, c.status, c.want)
			}
			if kind := res.Header.Get("Content-Type"); len(answer) > 0 && kind != "application/json" {
				t.Errorf("an answer of type %q", kind)
			}
		})
	}
}

// rpcText is an answer in one order of its members, with the status alone of a result.
func rpcText(t *testing.T, answer []byte) string {
	t.Helper()
	type reply struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  *struct {
			Status string `json:"status"`
		} `json:"result,omitempty"`
		Error *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error,omitempty"`
	}
	if len(answer) == 0 {
		return ""
	}
	var v any = &reply{}
	if answer[0] == '[' {
		v = &[]reply{}
	}
	if err := json.Unmarshal(answer, v); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
