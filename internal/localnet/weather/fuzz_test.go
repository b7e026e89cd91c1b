package weather_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
)

// FuzzWeather: whatever weather somebody asks for is made or refused in few words, and whatever is then posted is answered, or the connection ends; never by a
// fault of the weather's own.
func FuzzWeather(f *testing.F) {
	for _, text := range []string{
		"fair", "mild", "rough,seed=7", "storm, seed=9 ,slow=0", "busy=1", "lost-answer=1,duplicate=1,disorder=1,stale=1,empty-page=1,truncate=1", "cut=1", "lag=NaN", "lag=1,lag-ledgers=4294967295,spell-calls=1000000",
		"keep=1,forget=1", "fork=1,fork-ledgers=3", "passphrase=", "seed=18446744073709551616", "slow-for=1h", "", ",", "=", "reset=1",
	} {
		f.Add(text, `{"jsonrpc":"2.0","id":1,"method":"getEvents","params":{"startLedger":2}}`)
		f.Add(text, `[{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":{"transaction":"AAAA"}},{"jsonrpc":"2.0","id":null,"method":"getLedgers","params":{"pagination":{"cursor":"2"}}}]`)
	}
	for _, body := range []string{``, `null`, `[]`, `[null]`, `{"method":"getHealth"}`, `{"jsonrpc":"2.0","id":{},"method":"getHealth","params":7}`, `{"jsonrpc":"2.0","id":1,"method":"getEvents","params":{"pagination":{"cursor":"x"}}}`} {
		f.Add("storm,slow=0", body)
	}
	net := localnettest.Open(f, localnet.Options{})
	for range 3 {
		localnettest.FundedKey(f, net)
	}
	node := net.Handler()
	f.Fuzz(func(t *testing.T, text, body string) {
		const mostWords = 3000
		c, err := weather.Parse(text)
		if err != nil {
			if len(err.Error()) > mostWords {
				t.Errorf("refused in %d bytes", len(err.Error()))
			}
			return
		}
		c.Slow = 0 // time is looked at elsewhere
		w, err := weather.New(node, c)
		if err != nil {
			if len(err.Error()) > mostWords {
				t.Errorf("refused in %d bytes", len(err.Error()))
			}
			return
		}
		for range 3 { // some weather remembers
			status, answer, ended := posted(t, w, body)
			switch {
			case ended, status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable, status == http.StatusNoContent:
			case status == http.StatusOK || status == http.StatusRequestEntityTooLarge:
				if c.Truncate == 0 && c.Cut == 0 && !json.Valid(answer) {
					t.Errorf("%q in %q: no JSON: %.500s", body, text, answer)
				}
			default:
				t.Errorf("%q in %q: %d %.500s", body, text, status, answer)
			}
		}
	})
}

// posted is what comes back, or that the connection has ended.
func posted(t *testing.T, h http.Handler, body string) (status int, answer []byte, ended bool) {
	t.Helper()
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			ended = true
		} else if p != nil {
			panic(p)
		}
	}()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(rec, r)
	return rec.Code, rec.Body.Bytes(), false
}
