package api

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/keypair"
)

var update = flag.Bool("update", false, "write golden files anew")

// counting is randomness that repeats in each run.
type counting struct {
	mu sync.Mutex
	n  byte
}

func (c *counting) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

// client speaks to an API as a stranger's program would: HTTP, JSON and ed25519, no XDR.
type client struct {
	t   testing.TB
	h   http.Handler
	log *bytes.Buffer
}

func newClient(t testing.TB, n *modelNet) *client {
	log := &bytes.Buffer{}
	return &client{t: t, log: log, h: New(Deps{
		Trades: n, Relay: n, Network: n.network, Contract: n.self, Assets: nil, Rand: &counting{},
		Now: func() time.Time { return time.Unix(modelStart, 0) }, Log: slog.New(slog.NewTextHandler(log, nil)),
	})}
}

// call makes one request. A body that is not a string or reader is sent as JSON.
func (c *client) call(method, path string, body any, headers ...string) *httptest.ResponseRecorder {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r = b
	case string:
		r = strings.NewReader(b)
	default:
		r = bytes.NewReader(must(json.Marshal(b)))
	}
	req := httptest.NewRequest(method, path, r)
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, req)
	return w
}

// want makes a request, wants a status, and decodes the answer.
func want[T any](c *client, status int, method, path string, body any, headers ...string) T {
	c.t.Helper()
	w := c.call(method, path, body, headers...)
	var out T
	if w.Code != status {
		c.t.Fatalf("%s %s with %s: status %d, want %d\n%s", method, path, shown(body), w.Code, status, clipTo(w.Body.String(), 2000))
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, clipTo(w.Body.String(), 2000))
	}
	return out
}

func shown(body any) string {
	if s, ok := body.(string); ok {
		return clip(s)
	}
	b, _ := json.Marshal(body)
	return clipTo(string(b), 300)
}

func sign(k *keypair.Full, hexPayload string) string {
	payload := must(hex.DecodeString(hexPayload))
	return base64.StdEncoding.EncodeToString(must(k.Sign(payload)))
}

// finish signs a prepared transaction as its source, and its authorisations as who they ask for, and submits it. keys are by address.
func (c *client) finish(p PreparedOut, keys map[string]*keypair.Full) TransactionOut {
	c.t.Helper()
	p = c.authorise(p, keys)
	source := keys[string(p.Source)]
	if source == nil {
		c.t.Fatalf("no key for the source %s", p.Source)
	}
	return want[TransactionOut](c, http.StatusOK, http.MethodPost, "/v1/transactions?wait=20", SubmitIn{
		Transaction: p.Transaction, Signatures: []SignatureIn{{string(p.Source), sign(source, p.Hash)}},
	})
}

// authorise has the authorisations signed and put in.
func (c *client) authorise(p PreparedOut, keys map[string]*keypair.Full) PreparedOut {
	c.t.Helper()
	if len(p.Authorisations) == 0 {
		return p
	}
	in := AssembleIn{Transaction: p.Transaction}
	for _, a := range p.Authorisations {
		k := keys[string(a.Signer)]
		if k == nil {
			c.t.Fatalf("no key for the signer %s", a.Signer)
		}
		in.Authorisations = append(in.Authorisations, AuthorisationIn{Entry: a.Entry, Signature: sign(k, a.Payload)})
	}
	return want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/transactions/assemble", in)
}

// everybody has the keys of everybody the tests know.
func everybody() map[string]*keypair.Full {
	out := map[string]*keypair.Full{}
	for _, name := range []string{"buyer", "seller", "stranger", "arb1", "arb2", "arb3", "jud1"} {
		out[address(name)] = key(name)
	}
	return out
}

// act prepares an action, signs and submits it, and wants it to be projected.
func (c *client) act(id, action string, in ActionIn) (PreparedOut, TransactionOut) {
	c.t.Helper()
	p := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/"+action, in)
	out := c.finish(p, everybody())
	if out.State != stateProjected {
		c.t.Fatalf("%s: transaction is %s: %+v", action, out.State, out.Error)
	}
	return p, out
}

// open opens a trade.
func (c *client) open(in OpenIn) OpenOut {
	c.t.Helper()
	o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in)
	if out := c.finish(o.Prepared, everybody()); out.State != stateProjected {
		c.t.Fatalf("open: transaction is %s: %+v", out.State, out.Error)
	}
	return o
}

func (c *client) read(id string) TradeOut {
	c.t.Helper()
	return want[TradeOut](c, http.StatusOK, http.MethodGet, "/v1/trades/"+id, nil)
}

// goodTerms are terms that the model's contract takes.
func goodTerms() TermsIn {
	at := func(seconds int) TimeIn { return TimeIn(Time(modelStart + seconds).String()) }
	return TermsIn{
		Buyer: address("buyer"), Seller: address("seller"), Asset: contractAddress("usdc").String(),
		Milestones: []MilestoneIn{{Amount: "12.5", DeliverBy: at(100_000)}, {Amount: "7.5", DeliverBy: at(200_000)}},
		FundBy:     at(10_000), Inspection: 10_000, FallbackPpm: 500_000, Bond: "1", ArbitrationFee: "0.3",
		Panel:       &PanelIn{Arbitrators: []string{address("arb1"), address("arb2"), address("arb3")}},
		AppealPanel: &PanelIn{Arbitrators: []string{address("jud1")}},
		Windows:     WindowsIn{Offers: 2000, Ruling: 5000, Appeal: 3000},
	}
}

// golden compares with a file of testdata, and writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: write it with go test -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// indented is an answer as a golden file shows it.
func indented(w *httptest.ResponseRecorder) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%d %s\n", w.Code, w.Header().Get("Content-Type"))
	if err := json.Indent(&out, w.Body.Bytes(), "", "  "); err != nil {
		out.Write(w.Body.Bytes())
	}
	return out.Bytes()
}
