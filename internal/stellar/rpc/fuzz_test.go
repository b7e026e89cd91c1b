package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// says is a node that says one thing, to whatever it is asked: as the result of the call, or as the whole body.
type says struct {
	status int
	text   []byte
	whole  bool
}

func (s *says) RoundTrip(r *http.Request) (*http.Response, error) {
	var q struct{ ID json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return nil, err
	}
	body := s.text
	if !s.whole {
		body = bytes.Join([][]byte{[]byte(`{"jsonrpc":"2.0","id":`), q.ID, []byte(`,"result":`), s.text, []byte(`}`)}, nil)
	}
	return &http.Response{StatusCode: s.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// FuzzAnswers: a node may answer anything. What comes of it is a value or one of this package's kinds of error, in few words, without the secret in the node's
// address, and soon.
func FuzzAnswers(f *testing.F) {
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		f.Fatal(err)
	}
	const (
		secret = "the-provider's-key"
		// An answer to a question that nobody asked is waited past: the time is short, so that a fuzzer gets on.
		patience = 100 * time.Millisecond
		soon     = 10 * time.Second // some questions ask more than once, and the machine may be loaded
	)
	for _, result := range []string{
		`{"status":"healthy","latestLedger":7,"oldestLedger":2,"latestLedgerCloseTime":"9","oldestLedgerCloseTime":"4","ledgerRetentionWindow":9}`,
		`{"passphrase":"` + passphrase + `","protocolVersion":27}`,
		`{"id":"` + strings.Repeat("0", 64) + `","protocolVersion":27,"sequence":7,"closeTime":"5"}`,
		`{"events":[{"type":"contract","ledger":7,"ledgerClosedAt":"2026-01-01T00:00:00Z","contractId":"CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM","id":"0000000030064775168-0000000000","txHash":"` +
			strings.Repeat("0", 64) + `","topic":["AAAAAQ=="],"value":"AAAAAQ=="}],"latestLedger":7,"oldestLedger":2,"cursor":"0000000030064775168-0000000000"}`,
		`{"events":[{"ledger":-1,"ledgerClosedAt":"2026","contractId":"C","txHash":"00","topic":["AAAA"],"value":"AAAA"}],"cursor":"1"}`,
		`{"entries":[{"key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","xdr":"AAAA","liveUntilLedgerSeq":4294967295}],"latestLedger":7}`,
		`{"ledgers":[{"hash":"` + strings.Repeat("0", 64) + `","sequence":7,"ledgerCloseTime":"-5","metadataXdr":"AAAA"}],"cursor":"7"}`,
		`{"transactionData":"AAAA","minResourceFee":"-1","results":[{"auth":["AAAA"],"xdr":"AAAA"}],"latestLedger":1}`,
		`{"status":"SUCCESS","ledger":4,"resultXdr":"AAAA"}`, `null`, `[]`, `{}`, `1e999`, `"x"`, `{"error":{"code":1}}`,
	} {
		f.Add(200, []byte(result), false)
	}
	for _, body := range []string{``, `null`, `{}`, `[]`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"` + strings.Repeat("x", 2000) + `"}}`, `{"jsonrpc":"2.0","id":77,"result":{}}`, `<html>`} {
		f.Add(200, []byte(body), true)
		f.Add(503, []byte(body), true)
	}
	f.Fuzz(func(t *testing.T, status int, text []byte, whole bool) {
		if status < 100 || status > 599 || len(text) > stellar.MaxXDR {
			return
		}
		client, err := rpc.New(rpc.Config{URL: "https://node.test/" + secret, Network: network, Timeout: patience, MaxBody: 1 << 20, HTTP: &says{status, text, whole}})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		for name, ask := range map[string]func() error{
			"network":     func() error { _, err := client.CheckNetwork(ctx); return err },
			"range":       func() error { _, err := client.Range(ctx); return err },
			"latest hash": func() error { _, _, err := client.LatestHash(ctx); return err },
			"fees":        func() error { _, err := client.FeeStats(ctx); return err },
			"simulate":    func() error { _, err := client.Simulate(ctx, "AAAA"); return err },
			"send":        func() error { _, err := client.Send(ctx, "AAAA"); return err },
			"transaction": func() error { _, err := client.Transaction(ctx, stellar.Hash{}); return err },
			"ledgers":     func() error { _, _, err := client.Ledgers(ctx, 3, 10); return err },
			"entries": func() error {
				entries, _, err := client.Entries(ctx, stellar.CodeKey(stellar.Hash{}))
				for _, e := range entries {
					if _, err := e.Data.MarshalBinary(); err != nil {
						t.Errorf("an entry that was read cannot be written: %v", err)
					}
				}
				return err
			},
			"events": func() error {
				page, err := client.Events(ctx, rpc.From{Ledger: 3}, []stellar.Address{{Contract: true}}, 10)
				for _, e := range page.Events {
					if e.Event.Type != xdr.ContractEventTypeContract || e.Event.ContractId == nil {
						t.Errorf("an event that is no contract's: %+v", e)
					}
				}
				return err
			},
			"events from a cursor": func() error {
				_, err := client.Events(ctx, rpc.From{Cursor: "0000000030064775167-4294967295"}, []stellar.Address{{Contract: true}}, 10)
				return err
			},
		} {
			began := time.Now()
			err := ask()
			if took := time.Since(began); took > soon {
				t.Errorf("%s: %v", name, took)
			}
			if err == nil {
				continue
			}
			gap := (*rpc.GapError)(nil)
			known := errors.As(err, &gap)
			for _, kind := range []error{rpc.ErrUnavailable, rpc.ErrRefused, rpc.ErrAnswer, rpc.ErrWrongNetwork} {
				known = known || errors.Is(err, kind)
			}
			if !known {
				t.Errorf("%s: an error of no kind: %v", name, err)
			}
			if says := err.Error(); strings.Contains(says, secret) || len(says) > 4000 {
				t.Errorf("%s: an error of %d bytes, or with the secret: %.500s", name, len(says), says)
			}
		}
	})
}
