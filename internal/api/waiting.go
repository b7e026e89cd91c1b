package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// AtLeast lets a read wait until it knows of a ledger: what a client has just done is in it.
type AtLeast struct {
	MinLedger uint32 `query:"min_ledger" maximum:"4294967295" doc:"Answer only once this ledger has been read; 504 if that takes longer than the wait asked for"`
	Prefer    string `header:"Prefer" maxLength:"200" doc:"wait=N: how many seconds to wait for min_ledger, at most 30; 5 if not said (RFC 7240)" example:"wait=10"`
}

// wait is how long the client wants to wait for min_ledger.
func (a AtLeast) wait() time.Duration {
	for _, preference := range strings.FieldsFunc(a.Prefer, func(r rune) bool { return r == ',' || r == ';' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
		if seconds, err := strconv.ParseUint(strings.Trim(value, `" `), 10, 32); strings.EqualFold(strings.TrimSpace(name), "wait") && err == nil {
			return min(time.Duration(seconds)*time.Second, maxWait)
		}
	}
	return defaultWait
}

// head is the newest projected ledger, once it is at least the one asked for.
func (s *server) head(ctx context.Context, a AtLeast) (Ledger, error) {
	var at Ledger
	err := s.poll(ctx, a.wait(), func(ctx context.Context) (done bool, err error) {
		at, err = s.Trades.Head(ctx)
		return at.Sequence >= a.MinLedger, err
	})
	if errors.Is(err, errNotInTime) {
		return at, &kindError{kind: kindBehind, detail: fmt.Sprintf("ledger %d is asked for; everything up to %d has been read", a.MinLedger, at.Sequence), add: func(p *Problem) {
			p.Ledger = &at
			p.headers = map[string]string{"Retry-After": "1"}
		}}
	}
	if errors.Is(err, errStopping) {
		return at, notReady(at, "this process is stopping; ledger %d is asked for, everything up to %d has been read", a.MinLedger, at.Sequence)
	}
	return at, err
}

var (
	errNotInTime = errors.New("not in time")
	errStopping  = errors.New("this process is stopping")
)

// poll calls done at once and then every pollEvery, until it says so or fails. It ends with errNotInTime after wait, with errStopping when this process is
// about to end, and with the context.
func (s *server) poll(ctx context.Context, wait time.Duration, done func(context.Context) (bool, error)) error {
	end := time.NewTimer(wait)
	defer end.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if ok, err := done(ctx); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-end.C:
			return errNotInTime
		case <-s.Stopping:
			return errStopping
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// atHead reads something for which the head is to speak. If a ledger came in meanwhile, it reads again; after the last attempt the ledger named is
// the one from before reading, and what is told may be newer, never older.
func atHead[T any](ctx context.Context, s *server, a AtLeast, read func(Ledger) (T, error)) (T, error) {
	const attempts = 3
	var out T
	at, err := s.head(ctx, a)
	for range attempts {
		if err != nil {
			return out, err
		}
		if out, err = read(at); err != nil {
			return out, err
		}
		before := at
		if at, err = s.Trades.Head(ctx); err == nil && at == before {
			break
		}
	}
	return out, err
}
