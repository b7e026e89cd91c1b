//go:build linux

package outside

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// site is where the stack's front door is.
const site = "https://" + Site

// Trades plays the demo's four stories at the front door; each balance is counted, and the door lists the trades.
func (o *Outside) Trades(t testing.TB) {
	t.Helper()
	var out bytes.Buffer
	err := o.Play(t.Context(), site+"/v1", &out)
	if err != nil || !strings.Contains(out.String(), "4 stories played; every balance adds up to the stroop.") {
		t.Fatalf("%v\n%s", err, out.String())
	}
	res, err := o.Client().Get(site + "/v1/trades")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct {
		Trades []struct {
			ID string `json:"id"`
		} `json:"trades"`
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || len(list.Trades) != 4 {
		t.Errorf("the door lists %d trades, %v", len(list.Trades), err)
	}
}

// Callers offers keys at the front door, from an address outside: those of shop and operator, who may use them from there, of stranger, who may not, and one that
// nobody has. The api must see the address, whatever the caller says of itself. keys are what is offered, by whose they are.
func (o *Outside) Callers(t testing.TB, keys map[string]string) {
	t.Helper()
	for _, c := range []struct {
		whose, forwarded string
		want             int
	}{
		{"shop", "", http.StatusOK},
		{"operator", "", http.StatusOK},
		{"operator", "192.0.2.7", http.StatusOK},
		{"stranger", "", http.StatusForbidden},
		{"stranger", "192.0.2.7", http.StatusForbidden},
		{"nobody", "", http.StatusUnauthorized},
	} {
		key := keys[c.whose]
		if c.whose == "nobody" {
			key = keys["shop"] + "x"
		}
		if err := o.Offer(t, key, c.forwarded, c.want); err != nil {
			t.Errorf("the key of %s, X-Forwarded-For %q: %v", c.whose, c.forwarded, err)
		}
	}
}

// Offer offers a key at the front door. The error says how it was answered, where that is not as it is wanted.
func (o *Outside) Offer(t testing.TB, key, forwarded string, want int) error {
	t.Helper()
	if key == "" {
		return errors.New("there is no such key: nothing is offered")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+"/v1/trades", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	if forwarded != "" {
		req.Header.Set("X-Forwarded-For", forwarded)
	}
	client := o.Client()
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<12))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != want {
		return fmt.Errorf("%s, want %d: %s", res.Status, want, text)
	}
	return nil
}
