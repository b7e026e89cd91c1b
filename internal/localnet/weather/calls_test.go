package weather_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
)

// What befalls one call, as a plain client sees it.
func TestEachFaultOfACallIsSeen(t *testing.T) {
	const always = 1
	for _, c := range []struct {
		name   string
		config weather.Config
		says   func(r response) bool
	}{
		{weather.Busy, weather.Config{Busy: always}, func(r response) bool { return r.status == 429 }},
		{weather.Unavailable, weather.Config{Unavailable: always}, func(r response) bool { return r.status == 503 }},
		{weather.InvalidRequest, weather.Config{InvalidRequest: always}, func(r response) bool { return r.status == 200 && r.Error != nil && r.Error.Code == -32600 }},
		{weather.ServerError, weather.Config{ServerError: always}, func(r response) bool { return r.status == 200 && r.Error != nil && r.Error.Code == -32001 }},
		{weather.Cut, weather.Config{Cut: always}, func(r response) bool { return errors.Is(r.err, io.ErrUnexpectedEOF) }},
		{weather.Truncated, weather.Config{Truncate: always}, func(r response) bool {
			return r.err != nil && strings.Contains(r.err.Error(), "unexpected end of JSON") && r.status == 200
		}},
		{weather.Slow, weather.Config{Slow: always, SlowFor: 50 * time.Millisecond}, func(r response) bool { return r.took >= 50*time.Millisecond && r.Error == nil && r.err == nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSky(t, c.config)
			if r := post(s.url, protocol.GetHealthMethodName, nil); !c.says(r) {
				t.Errorf("%+v", r)
			}
			s.saw(c.name, 1)
			s.weather.Clear()
			if got, want := s.health(s.url), s.health(s.inside); got != want {
				t.Errorf("in fair weather %+v, want %+v", got, want)
			}
		})
	}
}

func TestTryAgainLaterIsNotTaken(t *testing.T) {
	s := newSky(t, weather.Config{TryAgainLater: 1})
	envelope, hash := s.payment(1)
	send := func() protocol.SendTransactionResponse {
		return get[protocol.SendTransactionResponse](s, s.url, protocol.SendTransactionMethodName, map[string]any{"transaction": envelope})
	}
	if got := send(); got.Status != "TRY_AGAIN_LATER" || got.LatestLedger != s.health(s.inside).LatestLedger {
		t.Errorf("%+v", got)
	}
	if got := get[protocol.GetTransactionResponse](s, s.inside, protocol.GetTransactionMethodName, map[string]any{"hash": hash}); got.Status != "NOT_FOUND" {
		t.Errorf("it was taken: %+v", got)
	}
	s.weather.Clear()
	if got := send(); got.Status != "PENDING" || !s.included(hash) {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestALostAnswerIsOfATransactionThatWasTaken(t *testing.T) {
	s := newSky(t, weather.Config{LostAnswer: 1})
	envelope, hash := s.payment(1)
	if r := post(s.url, protocol.SendTransactionMethodName, map[string]any{"transaction": envelope}); r.err == nil {
		t.Errorf("there was an answer: %+v", r)
	}
	if !s.included(hash) {
		t.Error("no ledger has it")
	}
	s.saw(weather.LostAnswer, 1)
}

func TestEventsTwiceAndOutOfOrder(t *testing.T) {
	s := newSky(t, weather.Config{Duplicate: 1})
	want := get[protocol.GetEventsResponse](s, s.inside, protocol.GetEventsMethodName, eventsFrom(2))
	twice := get[protocol.GetEventsResponse](s, s.url, protocol.GetEventsMethodName, eventsFrom(2))
	seen := map[string]int{}
	for _, e := range twice.Events {
		seen[e.ID]++
	}
	if len(twice.Events) <= len(want.Events) || len(seen) != len(want.Events) || twice.Cursor != want.Cursor {
		t.Errorf("of %d events %d came, %d different ones", len(want.Events), len(twice.Events), len(seen))
	}
	if err := s.weather.Set(weather.Config{Disorder: 1}); err != nil {
		t.Fatal(err)
	}
	mixed := get[protocol.GetEventsResponse](s, s.url, protocol.GetEventsMethodName, eventsFrom(2))
	if len(mixed.Events) != len(want.Events) || ids(mixed.Events) == ids(want.Events) {
		t.Errorf("the order is\n%s\nit was\n%s", ids(mixed.Events), ids(want.Events))
	}
	if err := s.weather.Set(weather.Config{Stale: 1}); err != nil {
		t.Fatal(err)
	}
	again := get[protocol.GetEventsResponse](s, s.url, protocol.GetEventsMethodName, eventsAfter(mixed.Cursor))
	if ids(again.Events) != ids(mixed.Events) || again.Cursor != mixed.Cursor {
		t.Errorf("asked for what comes behind it, it is\n%s", ids(again.Events))
	}
	// Never is a later page given to an earlier cursor: no client could see that.
	early := get[protocol.GetEventsResponse](s, s.url, protocol.GetEventsMethodName, eventsAfter(want.Events[0].ID))
	if ids(early.Events) != ids(want.Events[1:]) {
		t.Errorf("asked for what comes behind the first, it is\n%s", ids(early.Events))
	}
	s.saw(weather.Duplicate, 1)
	s.saw(weather.Disorder, 1)
	s.saw(weather.Stale, 1)
}

// A batch has the same weather, and what is not Stellar RPC's has none.
func TestBatchesAndOtherCalls(t *testing.T) {
	s := newSky(t, weather.Config{ServerError: 1})
	if r := post(s.url, "advance", map[string]any{"seconds": 10}); r.Error != nil || r.err != nil {
		t.Errorf("advance: %+v", r)
	}
	text := s.batch(s.url, `[{"jsonrpc":"2.0","id":1,"method":"getHealth"},{"jsonrpc":"2.0","id":2,"method":"getNetwork"}]`)
	if strings.Count(text, "-32001") != 2 || !strings.HasPrefix(text, "[") {
		t.Errorf("a batch: %s", text)
	}
	s.weather.Clear()
	if text := s.batch(s.url, `[{"jsonrpc":"2.0","id":1,"method":"getHealth"},{"jsonrpc":"2.0","id":2,"method":"getNetwork"}]`); !strings.Contains(text, `"id":2`) || strings.Contains(text, "error") {
		t.Errorf("a batch in fair weather: %s", text)
	}
	// What is no call, or a call without an answer, is the node's business.
	for _, body := range []string{`{`, `[]`, `{"jsonrpc":"2.0","method":"getHealth"}`, strings.Repeat(" ", 1<<20)} {
		if err := s.weather.Set(weather.Config{Busy: 1}); err != nil {
			t.Fatal(err)
		}
		if text := s.batch(s.url, body); strings.Contains(text, "too many requests") {
			t.Errorf("%.40s: %s", body, text)
		}
	}
}
