package weather_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
)

// sky is a network with weather in front of it, and a plain client on either side.
type sky struct {
	t       *testing.T
	net     *localnet.Network
	weather *weather.Weather
	url     string // in the weather
	inside  string // in front of it
	people  []*keypair.Full
}

// newSky has a few ledgers with payments, and some without.
func newSky(t *testing.T, c weather.Config) *sky {
	t.Helper()
	s := &sky{t: t, net: newNet(t)}
	for range 4 {
		s.people = append(s.people, localnettest.FundedKey(t, s.net))
	}
	if _, err := s.net.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		localnettest.FundedKey(t, s.net)
	}
	w, err := weather.New(s.net.Handler(), c)
	if err != nil {
		t.Fatal(err)
	}
	s.weather = w
	s.url, s.inside = serve(t, w), serve(t, s.net.Handler())
	return s
}

// newNet is a network whose clock stands still: its ledgers are those that tests make.
func newNet(t *testing.T) *localnet.Network {
	now := time.Now()
	return localnettest.Open(t, localnet.Options{Now: func() time.Time { return now }})
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// response is what a plain client has of a call.
type response struct {
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
	}
	status int
	err    error // of the connection or of the body
	took   time.Duration
}

func post(url, method string, params any) (r response) {
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		panic(err)
	}
	res, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		r.err = err
		return r
	}
	defer func() { _ = res.Body.Close() }()
	r.status = res.StatusCode
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, &r)
	}
	r.err = err
	return r
}

// get makes a call that has to succeed.
func get[A any](s *sky, url, method string, params any) (a A) {
	s.t.Helper()
	r := post(url, method, params)
	err := r.err
	if r.Error != nil {
		err = errors.New(r.Error.Message)
	}
	if err == nil {
		err = json.Unmarshal(r.Result, &a)
	}
	if err != nil {
		s.t.Fatalf("%s %v: %v, status %d", method, params, err, r.status)
	}
	return a
}

func (s *sky) health(url string) protocol.GetHealthResponse {
	s.t.Helper()
	return get[protocol.GetHealthResponse](s, url, protocol.GetHealthMethodName, nil)
}

func (s *sky) ledgers(url string, from uint32) protocol.GetLedgersResponse {
	s.t.Helper()
	return get[protocol.GetLedgersResponse](s, url, protocol.GetLedgersMethodName, map[string]any{"startLedger": from, "pagination": map[string]any{"limit": 200}})
}

// eventsFrom asks for events by the number of a ledger, eventsAfter by a cursor.
func eventsFrom(ledger uint32) map[string]any {
	return map[string]any{"startLedger": ledger, "filters": []any{}, "pagination": map[string]any{"limit": 1000}}
}

func eventsAfter(cursor string) map[string]any {
	return map[string]any{"filters": []any{}, "pagination": map[string]any{"cursor": cursor, "limit": 1000}}
}

// payment is a signed transaction of somebody's next number.
func (s *sky) payment(from int) (envelope, hash string) {
	s.t.Helper()
	key := xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: xdr.MustAddress(s.people[from].Address())}}
	text, err := xdr.MarshalBase64(key)
	if err != nil {
		s.t.Fatal(err)
	}
	res := get[protocol.GetLedgerEntriesResponse](s, s.inside, protocol.GetLedgerEntriesMethodName, map[string]any{"keys": []string{text}})
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(res.Entries[0].DataXDR, &data); err != nil {
		s.t.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: s.people[from].Address(), Sequence: int64(data.Account.SeqNum)}, IncrementSequenceNum: true,
		BaseFee: txnbuild.MinBaseFee, Operations: []txnbuild.Operation{&txnbuild.Payment{Destination: s.people[0].Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}},
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err == nil {
		tx, err = tx.Sign(s.net.Passphrase(), s.people[from])
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if envelope, err = tx.Base64(); err == nil {
		hash, err = tx.HashHex(s.net.Passphrase())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return envelope, hash
}

// included waits until a ledger has a transaction, or says that none has.
func (s *sky) included(hash string) bool {
	s.t.Helper()
	for range 100 {
		if got := get[protocol.GetTransactionResponse](s, s.inside, protocol.GetTransactionMethodName, map[string]any{"hash": hash}); got.Status == "SUCCESS" {
			return true
		}
		time.Sleep(5 * time.Millisecond) // the network is another goroutine's; there is no clock to step
	}
	return false
}

func (s *sky) saw(what string, times int) {
	s.t.Helper()
	if got := s.weather.Seen()[what]; got != times {
		s.t.Errorf("%s was counted %d times, want %d: %v", what, got, times, s.weather.Seen())
	}
}

func ids(list []protocol.EventInfo) string {
	text := ""
	for _, e := range list {
		text += fmt.Sprintln(e.ID)
	}
	return text
}

// batch posts a body as it is, in the weather or in front of it.
func (s *sky) batch(url, body string) string {
	s.t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}
