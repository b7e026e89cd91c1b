package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// refuser is a relay that takes no call and says what it was asked.
type refuser struct{ asked string }

func (r *refuser) no(what string) error {
	r.asked = what
	return fmt.Errorf("%s: %w", what, ErrInvalid)
}
func (r *refuser) Network(context.Context) (Network, error)     { return Network{}, r.no("") }
func (r *refuser) LatestLedger(context.Context) (Ledger, error) { return Ledger{}, r.no("") }
func (r *refuser) Simulate(_ context.Context, e string) (Simulation, error) {
	return Simulation{}, r.no(e)
}
func (r *refuser) Read(_ context.Context, c string) (Reading, error) { return Reading{}, r.no(c) }
func (r *refuser) Submit(_ context.Context, e string) (Submission, error) {
	return Submission{}, r.no(e)
}
func (r *refuser) Sponsor(_ context.Context, q SponsorRequest) (Sponsorship, error) {
	return Sponsorship{}, r.no(q.Call)
}
func (r *refuser) FeeStats(context.Context) (FeeStats, error) { return FeeStats{}, r.no("") }
func (r *refuser) Transaction(_ context.Context, h string) (Transaction, error) {
	return Transaction{}, r.no(h)
}
func (r *refuser) Account(_ context.Context, a string) (Account, error) { return Account{}, r.no(a) }
func (r *refuser) Holding(_ context.Context, a, h string) (Holding, error) {
	return Holding{}, r.no(a + h)
}
func (r *refuser) Asset(_ context.Context, a string) (Asset, error) { return Asset{}, r.no(a) }

// FuzzHandler: whoever knows the secret may send anything, and gets an answer that is signed, JSON, and blames the call; who does not know it is not listened to.
func FuzzHandler(f *testing.F) {
	for name := range calls {
		f.Add("POST", name, []byte(`{"envelope":"AAAA","call":"AAAA","hash":"00","address":"G","asset":"C","sponsor":{}}`))
		f.Add("POST", name, []byte(`{}`))
	}
	for _, body := range []string{``, `null`, `[]`, `{"envelope":1}`, `{"more":1}`, `{}{}`, `{"sponsor":null}`, `{"sponsor":{"auth":[null]}}`, "{\"envelope\":\"\xff\"}"} {
		f.Add("POST", "simulate", []byte(body))
	}
	f.Add("GET", "network", []byte{})
	f.Add("POST", "../network", []byte(`{}`))
	now := time.Unix(1_800_000_000, 0)
	key := secret.New("a secret of both ends for this test")
	f.Fuzz(func(t *testing.T, method, name string, body []byte) {
		if len(body) > maxCall {
			return
		}
		r, err := http.NewRequest(method, "http://indexer"+Path+name, bytes.NewReader(body))
		if err != nil {
			return // no request that a server can be sent
		}
		behind := &refuser{}
		handler := Handler(behind, func() []secret.Secret { return []secret.Secret{key} }, func() time.Time { return now }, slog.New(slog.DiscardHandler))
		unsigned := httptest.NewRecorder()
		handler.ServeHTTP(unsigned, r.Clone(t.Context()))
		if unsigned.Code != http.StatusUnauthorized {
			t.Errorf("%s %q without a proof: %d %s", method, name, unsigned.Code, unsigned.Body)
		}

		r.Body = io.NopCloser(bytes.NewReader(body))
		nonce, err := sign(r, key, now, strings.NewReader(strings.Repeat("n", nonceSize)), body)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusUnprocessableEntity || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %q %q: %d %s", method, name, body, w.Code, w.Body)
		}
		if got := w.Header().Get(headerSignature); got != answerSignature(key, nonce, w.Code, w.Body.Bytes()) {
			t.Errorf("%s %q: the answer is not signed", method, name)
		}
		if most := 2*len(body) + 6*len(behind.asked) + 1000; w.Body.Len() > most {
			t.Errorf("%d bytes of answer to %d", w.Body.Len(), len(body))
		}
	})
}
