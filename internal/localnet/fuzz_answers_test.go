package localnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
)

const (
	// longestAnswer is what one request may be answered with: what the server allows for results, and a frame for each.
	longestAnswer = 64<<20 + 1<<20
	// answerWithin bounds one request. None of those that are drawn has much to do; a loaded machine takes a hundredth of it.
	answerWithin = 30 * time.Second
	// pagesFollowed bounds how far a list is read on.
	pagesFollowed = 3
)

// asked is a network that is asked, with what it has: some ledgers of payments.
type asked struct {
	net       *localnet.Network
	last      uint32 // the newest ledger when it was made
	failures  atomic.Int64
	hashes    []string // of transactions, hexadecimal
	envelopes []string
	keys      []string // of entries there are
	contracts []string

	calls, followed, batches int
	results, errors          map[string]int // by method
}

// ownFaults counts what the server says of itself that went wrong: each is a bug, whatever was asked.
type ownFaults struct {
	slog.Handler
	count *atomic.Int64
}

func (f ownFaults) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		f.count.Add(1)
	}
	return f.Handler.Handle(ctx, r)
}

func newAsked(t testing.TB) *asked {
	t.Helper()
	w := &asked{results: map[string]int{}, errors: map[string]int{}}
	// The same network each time: what one process has made as a seed means the same to those that fuzz with it.
	w.net = localnettest.Open(t, localnet.Options{
		Log: slog.New(ownFaults{localnettest.Log(t).Handler(), &w.failures}), Rand: rand.NewChaCha8([32]byte{5}),
	})
	for i := range byte(8) {
		k := keyNumber(t, i)
		o, err := w.net.Fund(t.Context(), k.Address())
		if err != nil {
			t.Fatal(err)
		}
		w.last = o.Ledger
		w.hashes = append(w.hashes, o.Hash.HexString())
		key := xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: xdr.MustAddress(k.Address())}}
		text, err := xdr.MarshalBase64(key)
		if err != nil {
			t.Fatal(err)
		}
		w.keys = append(w.keys, text)
	}
	_, _, usdc := w.net.USDC()
	w.contracts = []string{usdc}
	for _, hash := range w.hashes {
		var got protocol.GetTransactionResponse
		w.mustAnswer(t, "getTransaction", `{"hash":"`+hash+`"}`, &got)
		w.envelopes = append(w.envelopes, got.EnvelopeXDR)
	}
	var events protocol.GetEventsResponse
	w.mustAnswer(t, "getEvents", `{"startLedger":2}`, &events)
	if len(events.Events) == 0 {
		t.Fatal("there are no events to ask for")
	}
	w.contracts = append(w.contracts, events.Events[0].ContractID)
	return w
}

// keyNumber is one of the keys that a network which is asked has accounts of.
func keyNumber(t testing.TB, n byte) *keypair.Full {
	t.Helper()
	k, err := keypair.FromRawSeed([32]byte{5, n})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (w *asked) mustAnswer(t testing.TB, method, params string, into any) {
	t.Helper()
	a := w.one(t, method, params)
	if a.Error != nil {
		t.Fatalf("%s %s: %s", method, params, a.Error.Message)
	}
	if err := json.Unmarshal(a.Result, into); err != nil {
		t.Fatalf("%s %s: %v", method, params, err)
	}
}

// answer is one of JSON-RPC 2.0, with nothing else in it.
type answer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

// play asks what a plan says, once.
func (w *asked) play(t *testing.T, plan []byte) {
	d := &deck{left: plan, w: w}
	var calls []call
	batch := d.rarely(4)
	if batch {
		w.batches++
		for i := range d.of(8) {
			calls = append(calls, d.call(i+1))
		}
	} else {
		calls = []call{d.call(1)}
	}
	texts := make([]string, len(calls))
	for i, c := range calls {
		texts[i] = c.text
	}
	body := strings.Join(texts, ",")
	if batch {
		body = "[" + body + "]"
	}
	w.check(t, body, batch, calls)
	if n := w.failures.Load(); n > 0 {
		t.Fatalf("%d calls failed by the server's own fault, the last of\n%s", n, clip(body))
	}
}

func clip(text string) string {
	const most = 1500
	if len(text) > most {
		return fmt.Sprintf("%s… (%d bytes)", text[:most], len(text))
	}
	return text
}

func (w *asked) post(t testing.TB, body string) (status int, text []byte) {
	t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	began := time.Now()
	w.net.Handler().ServeHTTP(rec, r)
	if took := time.Since(began); took > answerWithin {
		t.Errorf("%v for %s", took, clip(body))
	}
	if rec.Body.Len() > longestAnswer {
		t.Errorf("%d bytes for %s", rec.Body.Len(), clip(body))
	}
	return rec.Code, rec.Body.Bytes()
}

// check posts a body and holds what comes against JSON-RPC 2.0 and against what was asked.
func (w *asked) check(t *testing.T, body string, batch bool, calls []call) {
	t.Helper()
	status, text := w.post(t, body)
	wanted := map[string]call{}
	for _, c := range calls {
		if c.id != "" {
			wanted[c.id] = c
		}
	}
	if status == 204 && len(text) == 0 && len(wanted) == 0 {
		return
	}
	if status != 200 {
		t.Fatalf("%s\nwas answered %d %s", clip(body), status, clip(string(text)))
	}
	var list []json.RawMessage
	if isList := bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")); !isList {
		list = []json.RawMessage{text}
	} else if err := json.Unmarshal(text, &list); err != nil || !batch {
		t.Fatalf("%s\nwas answered by a list: %s, %v", clip(body), clip(string(text)), err)
	}
	for _, raw := range list {
		a := one(t, body, raw)
		c, asked := wanted[string(a.ID)]
		delete(wanted, string(a.ID))
		switch {
		case asked && c.method != "":
			w.judge(t, c, a)
		case asked && a.Error == nil:
			t.Errorf("%s is no call, and is answered %s", c.text, clip(string(raw)))
		case !asked && (string(a.ID) != "null" || a.Error == nil):
			t.Errorf("%s\nis answered for a call that is not in it: %s", clip(body), clip(string(raw)))
		}
	}
	if len(list) == 1 && !json.Valid([]byte(body)) {
		return // refused as a whole, once
	}
	for id := range wanted {
		t.Errorf("%s\nhas no answer for %s: %s", clip(body), id, clip(string(text)))
	}
}

// one reads an answer.
func one(t testing.TB, body string, raw []byte) (a answer) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		t.Fatalf("%s\nwas answered %s: %v", clip(body), clip(string(raw)), err)
	}
	if a.Version != "2.0" || a.ID == nil || (a.Error == nil) == (a.Result == nil) {
		t.Fatalf("%s\nwas answered %s: no answer of JSON-RPC 2.0", clip(body), clip(string(raw)))
	}
	if a.Error != nil {
		core := a.Error.Code == -32603 && strings.HasPrefix(a.Error.Message, "could not query captive core: ") // the real server's word for keys that nobody can ask for
		if !core && !slices.Contains([]int{-32700, -32600, -32601, -32602}, a.Error.Code) || a.Error.Message == "" || strings.Contains(a.Error.Message, "panic") {
			t.Fatalf("%s\nwas answered %s: not the caller's fault", clip(body), clip(string(raw)))
		}
	}
	return a
}

func (w *asked) one(t testing.TB, method, params string) answer {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
	_, text := w.post(t, body)
	return one(t, body, text)
}

// judge looks at what one call is answered.
func (w *asked) judge(t *testing.T, c call, a answer) {
	t.Helper()
	w.calls++
	if a.Error != nil {
		w.errors[c.method]++
		return
	}
	read := func(into any) {
		if err := json.Unmarshal(a.Result, into); err != nil {
			t.Fatalf("%s: %v in %s", clip(c.text), err, clip(string(a.Result)))
		}
	}
	w.results[c.method]++
	switch c.method {
	case "getTransaction":
		var got protocol.GetTransactionResponse
		if read(&got); got.Status != protocol.TransactionStatusNotFound && got.EnvelopeXDR == "" {
			t.Errorf("%s: %s without an envelope", clip(c.text), got.Status)
		}
	case "getLedgerEntries":
		var got protocol.GetLedgerEntriesResponse
		read(&got)
		for _, e := range got.Entries {
			var again protocol.GetLedgerEntriesResponse
			if w.mustAnswer(t, c.method, `{"keys":["`+e.KeyXDR+`"]}`, &again); len(again.Entries) != 1 || again.Entries[0].DataXDR != e.DataXDR {
				t.Errorf("the entry %s, asked for by the key it came with: %+v", e.KeyXDR, again.Entries)
			}
		}
	case "simulateTransaction":
		var got protocol.SimulateTransactionResponse
		if read(&got); got.Error == "" {
			var data xdr.SorobanTransactionData
			if err := xdr.SafeUnmarshalBase64(got.TransactionDataXDR, &data); err != nil {
				t.Errorf("%s: resources that are none: %v", clip(c.text), err)
			}
		}
	case "sendTransaction":
		var got protocol.SendTransactionResponse
		if read(&got); !slices.Contains([]string{"PENDING", "DUPLICATE", "TRY_AGAIN_LATER", "ERROR"}, got.Status) || (got.Status == "ERROR") != (got.ErrorResultXDR != "") {
			t.Errorf("%s: %+v", clip(c.text), got)
		}
	case "getLedgers", "getTransactions", "getEvents":
		w.follow(t, c, a.Result)
		return
	}
}
