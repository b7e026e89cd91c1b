package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

var quiet = slog.New(slog.DiscardHandler)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// oneStroopLess tells a balance wrongly from the second time on, that is, after the first count.
func oneStroopLess(honest func(context.Context, string) (int64, error), of *keypair.Full, asked *int) func(context.Context, string) (int64, error) {
	return func(ctx context.Context, address string) (int64, error) {
		n, err := honest(ctx, address)
		if address == of.Address() {
			if *asked++; *asked > 1 {
				n--
			}
		}
		return n, err
	}
}

// post sends JSON to the API and reads its answer.
func post(t *testing.T, url string, in, into any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 300 {
		t.Fatalf("POST %s: %s: %s", url, res.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("POST %s: %v: %s", url, err, text)
	}
}

// openTrade has the buyer open the trade of the printed curl line, signed here, and returns its id.
func openTrade(t *testing.T, r devReady) string {
	t.Helper()
	return openTradeAt(t, r, time.Now())
}

// openBody is what the printed curl line sends, at the given time.
func openBody(r devReady, now time.Time) string {
	_, body, _ := strings.Cut(tryLines(strings.TrimSuffix(r.API, "/v1"), r, now), "-d '")
	body, _, _ = strings.Cut(body, "'")
	return body
}

// openTradeAt is openTrade where the ledgers have another time than this machine.
func openTradeAt(t *testing.T, r devReady, now time.Time) string {
	t.Helper()
	body := openBody(r, now)
	var prepared struct {
		ID       string `json:"id"`
		Prepared struct {
			Transaction string `json:"transaction"`
		} `json:"prepared"`
	}
	post(t, r.API+"/trades", json.RawMessage(body), &prepared)
	var key *keypair.Full
	for _, a := range r.Accounts {
		if a.Role == "buyer" {
			key = must(a.key())
		}
	}
	tx := must(stellar.ParseTransaction(prepared.Prepared.Transaction))
	tx = must(tx.Sign(must(stellar.NewNetwork(r.Passphrase)), key))
	var got struct {
		Hash  string `json:"hash"`
		State string `json:"state"`
	}
	post(t, r.API+"/transactions", map[string]string{"transaction": must(tx.Base64())}, &got)
	get(t, r.API+"/transactions/"+got.Hash+"?wait=10", &got)
	if got.State != "included" && got.State != "projected" {
		t.Fatalf("the trade was not opened: %+v", got)
	}
	return prepared.ID
}
