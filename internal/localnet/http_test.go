package localnet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

func jsonBody(v any) io.Reader {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return bytes.NewReader(b)
}

func TestFriendbot(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	holder, stranger, frozen := s.holder(n, "12.5"), s.account(), s.holder(n, "1")
	if _, err := n.FreezeUSDC(t.Context(), frozen.Address(), true); err != nil {
		t.Fatal(err)
	}
	if got := s.usdcBalance(n, holder); got != 12_5000000 {
		t.Errorf("asked for 12.5 USDC, got %d stroops", got)
	}
	if e := s.entry(accountKey(stranger)); e == nil || e.Account.Balance != localnet.FriendbotLumens*1e7 {
		t.Errorf("a new account has %+v", e)
	}
	for _, c := range []struct {
		name, want string
		query      url.Values
	}{
		{"nobody", "addr is missing", nil},
		{"no address", "that is no account address", url.Values{"addr": {"GABC"}}},
		{"a secret key", "that is no account address", url.Values{"addr": {keypair.MustRandom().Seed()}}},
		{"again", "account already funded", url.Values{"addr": {stranger.Address()}}},
		{"no trustline", "no trustline to USDC", url.Values{"addr": {stranger.Address()}, "asset": {"USDC"}}},
		{"no such asset", `asset "GOLD" is none that friendbot has`, url.Values{"addr": {stranger.Address()}, "asset": {"GOLD"}}},
		{"8 decimals", `amount "0.00000001" is no number with at most 7 decimals`, url.Values{"addr": {holder.Address()}, "asset": {"USDC"}, "amount": {"0.00000001"}}},
		{"nothing", "the amount of 0 stroops is not above zero", url.Values{"addr": {holder.Address()}, "asset": {"USDC"}, "amount": {"0"}}},
		{"less than nothing", "the amount of -10000000 stroops is not above zero", url.Values{"addr": {holder.Address()}, "asset": {"USDC"}, "amount": {"-1"}}},
		{"no number", `amount "1e3" is no number with at most 7 decimals`, url.Values{"addr": {holder.Address()}, "asset": {"USDC"}, "amount": {"1e3"}}},
		{"more than the trustline takes", "trustline would be over its limit", url.Values{"addr": {holder.Address()}, "asset": {"USDC"}, "amount": {"922337203685.4775807"}}},
		{"frozen", "the issuer has frozen", url.Values{"addr": {frozen.Address()}, "asset": {"USDC"}, "amount": {"1"}}},
		{"more than there can be", `amount "922337203685.4775808" is too large: an account holds at most 922337203685.4775807`, url.Values{"addr": {holder.Address()}, "asset": {"USDC"}, "amount": {"922337203685.4775808"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := http.Get(s.url + "/friendbot?" + c.query.Encode())
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var p struct {
				Status int
				Detail string
			}
			if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != 400 || p.Status != 400 || !strings.Contains(p.Detail, c.want) {
				t.Errorf("got %d %q, want 400 %q", res.StatusCode, p.Detail, c.want)
			}
			if strings.Contains(p.Detail, c.query.Get("addr")) && strings.HasPrefix(c.query.Get("addr"), "S") {
				t.Error("the answer repeats a secret key")
			}
		})
	}
}

func TestAdvanceOverHTTP(t *testing.T) {
	n := open(t, localnet.Options{})
	url, c := serve(t, n)
	before, err := c.GetLatestLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name, body, want string
		status           int
	}{
		{"an hour", `{"seconds": 3600}`, `"latestLedgerCloseTime":`, 200},
		{"no JSON", `soon`, "the body is not", 400},
		{"no time", ` {"seconds" : 0 } `, `"latestLedgerCloseTime":`, 200},
		{"unknown field", `{"hours": 1}`, `there is no field \"hours\"`, 400},
		{"another case", `{"Seconds": 1}`, `there is no field \"Seconds\"`, 400},
		{"nothing", `{}`, `give {\"seconds\": N}, how far the clock goes, or`, 400},
		{"no body", ``, "the body is not", 400},
		{"null", `null`, "it is no object", 400},
		{"a list", `[1]`, "it is no object", 400},
		{"null seconds", `{"seconds": null}`, "seconds is null, and has to be a whole number", 400},
		{"a text", `{"seconds": "3600"}`, `seconds is \"3600\", and has to be a whole number`, 400},
		{"a fraction", `{"to": 1.5}`, "to is 1.5, and has to be a whole number", 400},
		{"twice", `{"seconds": 1, "seconds": 2}`, "seconds is given twice", 400},
		{"text after it", `{"seconds": 1} {"seconds": 2}`, "after top-level value", 400},
		{"larger than any number", `{"seconds": 99999999999999999999}`, "seconds is too large", 400},
		{"a large body", strings.Repeat(" ", 100<<10) + `{"seconds": 1}`, "the body is larger than 1024 bytes", 413},
		{"both", `{"seconds": 1, "to": 1}`, "give seconds or to, not both", 400},
		{"back", `{"seconds": -1}`, "the clock does not go back", 400},
		{"a great deal", `{"seconds": 9223372036854775807}`, "seconds must be between 0 and", 400},
		{"to the past", `{"to": 1}`, "to is 1, and the network's clock stands at", 400},
		{"to the far future", `{"to": 9223372036854775807}`, "to must be a Unix time, at most", 400},
	} {
		t.Run(x.name, func(t *testing.T) {
			res, err := http.Post(url+"/advance", "application/json", strings.NewReader(x.body))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, _ := io.ReadAll(res.Body)
			if res.StatusCode != x.status || !strings.Contains(string(text), x.want) {
				t.Errorf("got %d %s, want %d %q", res.StatusCode, text, x.status, x.want)
			}
		})
	}
	after, err := c.GetLatestLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := after.LedgerCloseTime - before.LedgerCloseTime; d < 3600 || d > 3660 {
		t.Errorf("an hour moved the last ledger's time by %d s", d)
	}
	if d := after.Sequence - before.Sequence; d < 720 || d > 732 {
		t.Errorf("an hour is %d ledgers, want 720", d)
	}
}

// What is asked for by another method is refused as all else is.
func TestOtherMethods(t *testing.T) {
	url, _ := serve(t, open(t, localnet.Options{}))
	for path, allowed := range map[string]string{"/advance": "POST", "/friendbot": "GET, HEAD, POST"} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		var p struct{ Detail string }
		err = json.NewDecoder(res.Body).Decode(&p)
		_ = res.Body.Close()
		if kind := res.Header.Get("Content-Type"); err != nil || res.StatusCode != 405 || kind != "application/problem+json" || res.Header.Get("Allow") != allowed || p.Detail != path+" takes "+allowed {
			t.Errorf("PUT %s: %d %s, allowed %q, %q, %v", path, res.StatusCode, kind, res.Header.Get("Allow"), p.Detail, err)
		}
	}
}

// So is what is asked for where nothing is, which says what there is.
func TestOtherPlaces(t *testing.T) {
	url, _ := serve(t, open(t, localnet.Options{}))
	for _, path := range []string{"/foo", "/friendbot/", "/advance/x"} {
		res, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		var p struct{ Detail string }
		err = json.NewDecoder(res.Body).Decode(&p)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != 404 || !strings.Contains(p.Detail, path) || !strings.Contains(p.Detail, "/friendbot and /advance") {
			t.Errorf("GET %s: %d %q, %v", path, res.StatusCode, p.Detail, err)
		}
	}
}

// Years ahead are one clear answer, and so is a network that ends meanwhile.
func TestAdvanceHasAnEndOverHTTP(t *testing.T) {
	n := open(t, localnet.Options{EmptyEvery: 24 * time.Hour})
	url, _ := serve(t, n)
	body := fmt.Appendf(nil, `{"seconds":%d}`, int(localnet.MaxAdvance/time.Second))
	status, answer := 200, []byte(nil)
	for calls := 0; status == 200 && calls < 20; calls++ {
		status, answer = post(t, url+"/advance", body)
	}
	if status != 400 || !strings.Contains(string(answer), "more than 50 years ahead") {
		t.Errorf("got %d %s, want 400", status, answer)
	}
	n.Stop()
	if status, answer := post(t, url+"/advance", []byte(`{"seconds":0}`)); status != 503 || !strings.Contains(string(answer), "the network has been closed") {
		t.Errorf("closed: got %d %s, want 503", status, answer)
	}
}

// Many clients at once: simulations run side by side and none sees another's state half made; every transaction ends.
func TestManyClients(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	_, _, contract := n.USDC()
	usdc := scval.MustContract(contract)
	shop := s.holder(n, "")
	var clients []*keypair.Full
	for range 6 {
		clients = append(clients, s.holder(n, "10"))
	}
	var all sync.WaitGroup
	for _, k := range clients {
		all.Go(func() {
			for range 5 {
				s.call(k, scval.Call(usdc, "transfer", scval.Address(accountAddress(k)), scval.Address(accountAddress(shop)), scval.I128(1_0000000)))
			}
		})
	}
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			sim := s.simulate(shop, scval.Call(usdc, "balance", scval.Address(accountAddress(shop))))
			var v xdr.ScVal
			if err := v.UnmarshalBinary(unbase64(t, *sim.Results[0].ReturnValueXDR)); err != nil || uint64(v.I128.Lo)%1_0000000 != 0 {
				t.Errorf("a balance between two payments: %v %v", v, err)
			}
		}
	})
	all.Wait()
	close(stop)
	watch.Wait()
	if got := s.usdcBalance(n, shop); got != 30_0000000 {
		t.Errorf("30 payments of 1 USDC gave %d stroops", got)
	}
}

// A contract that loops ends its own transaction; the ones beside it in the ledger, and calls meanwhile, do not notice.
func TestLoopHarmsNobody(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	a, b := s.account(), s.account()
	probe := s.probe(a)
	loop := s.prepare(a, scval.Call(probe, "spin", scval.U32(3_000_000))) // as many rounds as the simulation allows …
	envelope := loop.ToXDR()
	args := envelope.V1.Tx.Operations[0].Body.InvokeHostFunctionOp.HostFunction.InvokeContract.Args
	*args[0].U32 = 1 << 31 // … and then for ever
	envelope.V1.Signatures = nil
	res := s.send(s.signedAgain(envelope, a))
	if res.Status != protocol.TransactionStatusFailed {
		t.Errorf("the loop ended %s", res.Status)
	}
	began := time.Now()
	if v, _ := s.call(b, scval.Call(probe, "count", scval.Address(accountAddress(b)))); *v.U32 != 41 {
		t.Errorf("count after the loop: %d, want 41", *v.U32)
	}
	t.Logf("a call after the loop took %s", time.Since(began))
}

// A form may come in the body, too, but only a small one.
func TestFriendbotReadsSmallForms(t *testing.T) {
	s := newStranger(t, open(t, localnet.Options{}))
	for _, c := range []struct {
		status int
		form   url.Values
	}{
		{http.StatusOK, url.Values{"addr": {keypair.MustRandom().Address()}}},
		{http.StatusRequestEntityTooLarge, url.Values{"addr": {keypair.MustRandom().Address()}, "more": {strings.Repeat("x", 1<<20)}}},
	} {
		res, err := http.PostForm(s.url+"/friendbot", c.form)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("a form of %d bytes: %s, want status %d", len(c.form.Encode()), res.Status, c.status)
		}
	}
}
