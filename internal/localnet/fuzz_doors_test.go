package localnet_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// FuzzDoors: friendbot, and the clock's own door. Whatever they are asked, they answer in JSON: what they have done, or a problem that is the caller's.
func FuzzDoors(f *testing.F) {
	w := newAsked(f)
	for _, query := range []string{
		"", "addr=", "addr=G", "addr=GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7", "addr=GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7&asset=USDC",
		"addr=GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7&asset=USDC&amount=1e9", "asset=EUR&addr=x", "addr=%zz", "addr=a;b", "addr=MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK",
		"addr=x&amount=-1&asset=USDC", "addr=x&amount=922337203685.4775808&asset=USDC",
	} {
		f.Add(false, query)
	}
	for _, body := range []string{``, `{}`, `{"seconds":0}`, `{"seconds":1}`, `{"seconds":-1}`, `{"seconds":1e3}`, `{"to":1}`, `{"seconds":1,"seconds":2}`, `{"SECONDS":1}`, `{"seconds":9223372036854775808}`, `null`, `[]`, `{"seconds":1}{}`} {
		f.Add(true, body)
	}
	f.Fuzz(func(t *testing.T, clock bool, text string) {
		r := httptest.NewRequest(http.MethodGet, "/friendbot", nil)
		if r.URL.RawQuery = text; clock {
			var asked struct{ Seconds, To int64 }
			_ = json.Unmarshal([]byte(text), &asked)
			if asked.Seconds > 100 || asked.To > time.Now().Unix()+100 {
				return // years of empty ledgers are another test's
			}
			r = httptest.NewRequest(http.MethodPost, "/advance", strings.NewReader(text))
		}
		rec := httptest.NewRecorder()
		w.net.Handler().ServeHTTP(rec, r)
		if rec.Code/100 != 2 && rec.Code/100 != 4 || !json.Valid(rec.Body.Bytes()) || rec.Body.Len() > 16<<10 {
			t.Errorf("%q: %d %s", text, rec.Code, clip(rec.Body.String()))
		}
		if rec.Code/100 == 2 && !clock {
			var done struct {
				Result string `json:"result_xdr"`
			}
			var result xdr.TransactionResult
			if err := json.Unmarshal(rec.Body.Bytes(), &done); err != nil || xdr.SafeUnmarshalBase64(done.Result, &result) != nil || !result.Successful() {
				t.Errorf("%q: %s", text, rec.Body)
			}
		}
		if n := w.failures.Load(); n > 0 {
			t.Fatalf("%q: %d calls failed by the server's own fault", text, n)
		}
	})
}
