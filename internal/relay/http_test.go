package relay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// scripted answers each call with its arguments in a text field, or with err.
type scripted struct {
	err   error
	calls atomic.Int64
}

func (s *scripted) said(parts ...string) string {
	s.calls.Add(1)
	return strings.Join(parts, " ")
}

func (s *scripted) Network(context.Context) (relay.Network, error) {
	return relay.Network{Passphrase: s.said("network"), InclusionFee: 1 << 60}, s.err
}

func (s *scripted) LatestLedger(context.Context) (relay.Ledger, error) {
	s.said("latest")
	return relay.Ledger{Sequence: 7, CloseTime: 8}, s.err
}

func (s *scripted) Simulate(_ context.Context, envelope string) (relay.Simulation, error) {
	return relay.Simulation{Value: s.said("simulate", envelope)}, s.err
}

func (s *scripted) Read(_ context.Context, call string) (relay.Reading, error) {
	return relay.Reading{Value: s.said("read", call)}, s.err
}

func (s *scripted) Submit(_ context.Context, envelope string) (relay.Submission, error) {
	return relay.Submission{Detail: s.said("submit", envelope)}, s.err
}

func (s *scripted) Sponsor(_ context.Context, r relay.SponsorRequest) (relay.Sponsorship, error) {
	return relay.Sponsorship{Detail: s.said("sponsor", r.Call, strings.Join(r.Auth, ","), r.Envelope, r.Account)}, s.err
}

func (s *scripted) FeeStats(context.Context) (relay.FeeStats, error) {
	s.said("fees")
	return relay.FeeStats{Min: 100, Max: 1 << 60}, s.err
}

func (s *scripted) Transaction(_ context.Context, hash string) (relay.Transaction, error) {
	return relay.Transaction{Hash: s.said("transaction", hash)}, s.err
}

func (s *scripted) Account(_ context.Context, address string) (relay.Account, error) {
	return relay.Account{Address: s.said("account", address)}, s.err
}

func (s *scripted) Holding(_ context.Context, asset, holder string) (relay.Holding, error) {
	return relay.Holding{Asset: s.said("holding", asset, holder)}, s.err
}

func (s *scripted) Asset(_ context.Context, asset string) (relay.Asset, error) {
	return relay.Asset{Address: s.said("asset", asset)}, s.err
}

// line is a relay, its server and a client, with something in between.
type line struct {
	relay  *scripted
	log    *bytes.Buffer
	client *relay.Client
	server *httptest.Server
}

func keys(texts ...string) relay.Keys {
	var all []secret.Secret
	for _, text := range texts {
		all = append(all, secret.New(text))
	}
	return func() []secret.Secret { return all }
}

func newLine(t *testing.T, server, client relay.Keys, between func(http.Handler) http.Handler) *line {
	t.Helper()
	l := &line{relay: &scripted{}, log: &bytes.Buffer{}}
	handler := relay.Handler(l.relay, server, time.Now, slog.New(slog.NewTextHandler(l.log, nil)))
	if between != nil {
		handler = between(handler)
	}
	l.server = httptest.NewServer(handler)
	t.Cleanup(l.server.Close)
	l.client = relay.NewClient(l.server.URL, client, time.Now, rand.Reader, nil)
	return l
}

// Every method of the interface travels: each with arguments of its own, through the same reflection that finds the next one to be added.
func TestEveryCallTravels(t *testing.T) {
	key := rand.Text()
	l := newLine(t, keys(key), keys(key), nil)
	typ := reflect.TypeFor[relay.Relay]()
	here, there := reflect.ValueOf(relay.Relay(l.client)), reflect.ValueOf(relay.Relay(&scripted{}))
	for i := range typ.NumMethod() {
		name := typ.Method(i).Name
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for n := 1; n < typ.Method(i).Type.NumIn(); n++ {
			arg := reflect.New(typ.Method(i).Type.In(n)).Elem()
			fill(t, fmt.Sprint("argument ", n, " of ", name), arg)
			args = append(args, arg)
		}
		got, want := here.MethodByName(name).Call(args), there.MethodByName(name).Call(args)
		if !got[1].IsNil() || !reflect.DeepEqual(got[0].Interface(), want[0].Interface()) {
			t.Errorf("%s: got %+v %v, want %+v", name, got[0], got[1], want[0])
		}
	}
	if n := int(l.relay.calls.Load()); n != typ.NumMethod() {
		t.Errorf("the relay was called %d times, want %d", n, typ.NumMethod())
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	key := rand.Text()
	l := newLine(t, keys(key), keys(key), nil)
	for _, kind := range []error{relay.ErrInvalid, relay.ErrUnavailable, relay.ErrWrongNetwork, relay.ErrNotOffered, relay.ErrSpent, relay.ErrBusy} {
		l.relay.err = fmt.Errorf("envelope: %w: it is odd", kind)
		if _, err := l.client.Submit(t.Context(), "x"); !errors.Is(err, kind) || err.Error() != "relay submit: "+l.relay.err.Error() {
			t.Errorf("%v became %v", l.relay.err, err)
		}
	}
	l.relay.err = errors.New("password of the database is hunter2")
	_, err := l.client.Submit(t.Context(), "x")
	if err == nil || errors.Is(err, relay.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") || !strings.Contains(l.log.String(), "hunter2") {
		t.Errorf("a fault became %v; logged %s", err, l.log)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.client.Submit(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call became %v", err)
	}
}

// Nobody without the secret can call, and no answer is believed that was not made with it.
func TestBothEndsProveThatTheyKnowTheSecret(t *testing.T) {
	key, other := rand.Text(), rand.Text()
	for name, c := range map[string]struct {
		server, client relay.Keys
		between        func(http.Handler) http.Handler
		reaches        bool // the relay
		answers        bool
	}{
		"the same":                       {keys(key), keys(key), nil, true, true},
		"another":                        {keys(key), keys(other), nil, false, false},
		"none":                           {keys(key), keys(), nil, false, false},
		"changed at the server first":    {keys(other, key), keys(key), nil, true, true},
		"changed at the client first":    {keys(key), keys(other, key), nil, true, true},
		"an empty one at both":           {keys(""), keys(""), nil, false, false},
		"an answer that was changed":     {keys(key), keys(key), changeAnswer, true, false},
		"a call that was changed":        {keys(key), keys(key), changeCall, false, false},
		"a call to another path":         {keys(key), keys(key), changePath, false, false},
		"a server that knows no secret":  {keys(key), keys(key), impostor, false, false},
		"an answer with another status":  {keys(key), keys(key), changeStatus, true, false},
		"an answer to an earlier call":   {keys(key), keys(key), replayAnswer(), true, false},
		"a server that sends it further": {keys(key), keys(key), redirect, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, c.server, c.client, c.between)
			if strings.Contains(name, "earlier") {
				if _, err := l.client.Asset(t.Context(), "first"); err != nil {
					t.Fatal(err)
				}
				l.relay.calls.Store(0)
			}
			out, err := l.client.Asset(t.Context(), "CABC")
			if (err == nil) != c.answers || c.answers && out.Address != "asset CABC" {
				t.Errorf("got %+v, %v", out, err)
			}
			if err != nil && !errors.Is(err, relay.ErrUnavailable) {
				t.Errorf("%v is not ErrUnavailable", err)
			}
			if reached := l.relay.calls.Load() > 0; reached != c.reaches {
				t.Errorf("reached the relay: %v", reached)
			}
		})
	}
}

func changeAnswer(next http.Handler) http.Handler {
	return recorded(next, func(w http.ResponseWriter, r *httptest.ResponseRecorder) {
		copyHeader(w, r)
		w.WriteHeader(r.Code)
		_, _ = w.Write(bytes.Replace(r.Body.Bytes(), []byte("CABC"), []byte("CABD"), 1))
	})
}

func changeStatus(next http.Handler) http.Handler {
	return recorded(next, func(w http.ResponseWriter, r *httptest.ResponseRecorder) {
		copyHeader(w, r)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(r.Body.Bytes())
	})
}

func replayAnswer() func(http.Handler) http.Handler {
	var first *httptest.ResponseRecorder
	return func(next http.Handler) http.Handler {
		return recorded(next, func(w http.ResponseWriter, r *httptest.ResponseRecorder) {
			if first == nil {
				first = r
			}
			copyHeader(w, first)
			w.WriteHeader(first.Code)
			_, _ = w.Write(first.Body.Bytes())
		})
	}
}

func recorded(next http.Handler, send func(http.ResponseWriter, *httptest.ResponseRecorder)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		send(w, rec)
	})
}

func copyHeader(w http.ResponseWriter, from *httptest.ResponseRecorder) {
	for name, values := range from.Header() {
		w.Header()[name] = values
	}
}

func changeCall(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte("CABC"), []byte("CABD"), 1)))
		next.ServeHTTP(w, r)
	})
}

func changePath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = relay.Path + "account"
		next.ServeHTTP(w, r)
	})
}

func impostor(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"address":"asset CABC"}`) })
}

func redirect(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
}

// Whoever has overheard a call cannot make it again, at once or later.
func TestACallIsGoodOnce(t *testing.T) {
	key := rand.Text()
	now := time.Unix(1_800_000_000, 0)
	r := &scripted{}
	handler := relay.Handler(r, keys(key), func() time.Time { return now }, slog.New(slog.DiscardHandler))
	var overheard []*http.Request
	var bodies [][]byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		overheard, bodies = append(overheard, req), append(bodies, body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, req)
	}))
	defer server.Close()
	client := relay.NewClient(server.URL, keys(key), func() time.Time { return now }, rand.Reader, nil)
	for i := range 3 {
		if _, err := client.Submit(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, later := range []time.Duration{0, time.Second, time.Minute, time.Minute, time.Minute, time.Hour} {
		now = now.Add(later)
		for i, req := range overheard[:3] {
			again := httptest.NewRequestWithContext(t.Context(), req.Method, req.URL.Path, bytes.NewReader(bodies[i]))
			again.Header = req.Header
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, again)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("made again after %s, call %d was answered: %d %s", later, i, w.Code, w.Body)
			}
		}
		// Others go on meanwhile, and push the old ones out of memory only when they are too old anyway.
		if _, err := client.Submit(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRandomnessMakesCallsDiffer: the nonce is made of what the client was given.
func TestRandomnessMakesCallsDiffer(t *testing.T) {
	key := rand.Text()
	l := newLine(t, keys(key), keys(key), nil)
	once := bytes.NewReader(make([]byte, 16)) // enough for one call
	client := relay.NewClient(l.server.URL, keys(key), time.Now, once, nil)
	if _, err := client.LatestLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.LatestLedger(t.Context()); !errors.Is(err, relay.ErrUnavailable) || !strings.Contains(err.Error(), "no randomness for a nonce") {
		t.Errorf("without randomness: %v", err)
	}
	again := relay.NewClient(l.server.URL, keys(key), time.Now, bytes.NewReader(make([]byte, 16*10)), nil)
	if _, err := again.LatestLedger(t.Context()); !errors.Is(err, relay.ErrUnavailable) {
		t.Errorf("a nonce used twice: %v", err)
	}
}

func TestClocksApart(t *testing.T) {
	key := rand.Text()
	l := newLine(t, keys(key), keys(key), nil)
	for skew, good := range map[time.Duration]bool{-50 * time.Second: true, 50 * time.Second: true, -70 * time.Second: false, 70 * time.Second: false} {
		client := relay.NewClient(l.server.URL, keys(key), func() time.Time { return time.Now().Add(skew) }, rand.Reader, nil)
		if _, err := client.LatestLedger(t.Context()); (err == nil) != good {
			t.Errorf("clocks %s apart: %v", skew, err)
		}
	}
	if !strings.Contains(l.log.String(), "set both clocks") {
		t.Errorf("the log does not say why:\n%s", l.log)
	}
}

// An indexer that restarts cuts the connection: the call is made again.
func TestACutConnectionIsTriedAgain(t *testing.T) {
	key := rand.Text()
	var cut atomic.Int64
	l := newLine(t, keys(key), keys(key), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if cut.Add(1) <= 2 {
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	})
	if out, err := l.client.Submit(t.Context(), "x"); err != nil || out.Detail != "submit x" {
		t.Errorf("%+v, %v", out, err)
	}
	l.server.Close()
	if _, err := l.client.Submit(t.Context(), "x"); !errors.Is(err, relay.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
}

func TestCallsThatAreNoCalls(t *testing.T) {
	key := rand.Text()
	l := newLine(t, keys(key), keys(key), nil)
	huge := strings.Repeat("x", 2<<20)
	if _, err := l.client.Submit(t.Context(), huge); !errors.Is(err, relay.ErrInvalid) || l.relay.calls.Load() != 0 {
		t.Errorf("a call of 2 MiB: %v", err)
	}
	resp, err := http.Get(l.server.URL + relay.Path + "network")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a signature: %d", resp.StatusCode)
	}
}
