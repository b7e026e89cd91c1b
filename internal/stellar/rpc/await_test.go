package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

func TestAwait(t *testing.T) {
	answers := func(list ...any) (*rpc.Client, *node) {
		n := &node{}
		n.answers = map[string]func(json.RawMessage) any{"getTransaction": func(json.RawMessage) any {
			i := min(int(n.asked.Load())-1, len(list)-1)
			return list[i]
		}}
		return client(t, n, nil), n
	}
	tx := func(status string, now int) any {
		return map[string]any{"status": status, "latestLedgerCloseTime": fmt.Sprint(now), "oldestLedgerCloseTime": "0", "createdAt": "0"}
	}
	const notAfter = 100
	c, n := answers(tx("NOT_FOUND", 99), refusal{-32603, "busy"}, tx("NOT_FOUND", 100), tx("SUCCESS", 101))
	if a, err := c.Await(t.Context(), stellar.Hash{1}, notAfter); err != nil || a.Status != "SUCCESS" || n.asked.Load() != 4 {
		t.Errorf("%s after %d questions, %v", a.Status, n.asked.Load(), err)
	}
	c, n = answers(tx("NOT_FOUND", 100), tx("NOT_FOUND", 101))
	if _, err := c.Await(t.Context(), stellar.Hash{1}, notAfter); !errors.Is(err, rpc.ErrExpired) || n.asked.Load() != 2 {
		t.Errorf("its time is over: %v after %d questions", err, n.asked.Load())
	}
	c, _ = answers(refusal{-32602, "not a hash"})
	if _, err := c.Await(t.Context(), stellar.Hash{1}, notAfter); !errors.Is(err, rpc.ErrRefused) {
		t.Errorf("refused: %v", err)
	}
	c, _ = answers(tx("NOT_FOUND", 1))
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Millisecond)
	defer cancel()
	if _, err := c.Await(ctx, stellar.Hash{1}, notAfter); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's time is over: %v", err)
	}
}

// transport is a node without a network, for tests whose time is not the real one.
type transport func(method string) (any, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var q struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return nil, err
	}
	result, err := f(q.Method)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": q.ID, "result": result})
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(text))}, nil
}

// A node that is gone for good ends the wait, one that comes back in time does not.
func TestAwaitWithoutTheNode(t *testing.T) {
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	await := func(answers func(after time.Duration) any) (took time.Duration, err error) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			c, nerr := rpc.New(rpc.Config{URL: "http://node.invalid", Network: network, HTTP: transport(func(string) (any, error) {
				if a := answers(time.Since(start)); a != nil {
					return a, nil
				}
				return nil, errors.New("connection refused")
			})})
			if nerr != nil {
				t.Fatal(nerr)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err = c.Await(ctx, stellar.Hash{0xfe}, 1<<40)
			took = time.Since(start)
		})
		return took, err
	}
	status := func(s string) any {
		return map[string]any{"status": s, "latestLedgerCloseTime": "100", "oldestLedgerCloseTime": "0", "createdAt": "0"}
	}
	const slack = 5 * time.Second // a pause between two questions, and some

	took, err := await(func(time.Duration) any { return nil })
	if !errors.Is(err, rpc.ErrUnavailable) || !strings.Contains(err.Error(), stellar.Hash{0xfe}.String()) || took < rpc.Unanswered || took > rpc.Unanswered+slack {
		t.Errorf("never there: %v after %s", err, took)
	}
	// Silence counts from the last answer.
	const last = 10 * time.Minute
	took, err = await(func(after time.Duration) any {
		if after > last {
			return nil
		}
		return status("NOT_FOUND")
	})
	if !errors.Is(err, rpc.ErrUnavailable) || took < last+rpc.Unanswered-slack || took > last+rpc.Unanswered+slack {
		t.Errorf("gone later: %v after %s", err, took)
	}
	took, err = await(func(after time.Duration) any {
		if after < rpc.Unanswered-slack {
			return nil
		}
		return status("SUCCESS")
	})
	if err != nil {
		t.Errorf("back in time: %v after %s", err, took)
	}
}
