package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

// prepared is what the api gives to be signed.
type preparedTx struct {
	Transaction string `json:"transaction"`
}

// signed is a prepared transaction with somebody's signature.
func signed(t *testing.T, r devReady, who string, p preparedTx) string {
	t.Helper()
	for _, a := range r.Accounts {
		if a.Role == who {
			tx := must(stellar.ParseTransaction(p.Transaction))
			return must(must(tx.Sign(must(stellar.NewNetwork(r.Passphrase)), must(a.key()))).Base64())
		}
	}
	t.Fatalf("there is no %s", who)
	return ""
}

// accountOf is the address of one of the platform's people.
func accountOf(r devReady, role string) string {
	for _, a := range r.Accounts {
		if a.Role == role {
			return a.Address
		}
	}
	return ""
}

// act has somebody do something in a trade.
func act(t *testing.T, r devReady, who, trade, action string) {
	t.Helper()
	var p preparedTx
	post(t, r.API+"/trades/"+trade+"/actions/"+action, map[string]string{"source": accountOf(r, who)}, &p)
	var got struct{ Hash, State string }
	post(t, r.API+"/transactions", map[string]string{"transaction": signed(t, r, who, p)}, &got)
	get(t, r.API+"/transactions/"+got.Hash+"?wait=10", &got)
	if got.State != "included" && got.State != "projected" {
		t.Fatalf("%s: %+v", action, got)
	}
}

// fundedKeys are new accounts with XLM.
func fundedKeys(t *testing.T, p *platform, n int) (all []*keypair.Full, text string) {
	t.Helper()
	for range n {
		key := must(keypair.Random())
		if _, err := p.network.Fund(t.Context(), key.Address()); err != nil {
			t.Fatal(err)
		}
		all, text = append(all, key), text+key.Seed()+"\n"
	}
	return all, text
}

// Two indexers with Postgres and Redis between them, and keys: what is due is settled by itself, a trader's fee is paid by the one that stands
// by, and whose stream tells the same as the store.
func TestKeeperSponsorAndStreamAsProcesses(t *testing.T) {
	cache := redis.New(redis.Options{})
	t.Cleanup(func() {
		if err := cache.Stop(); err != nil {
			t.Error(err)
		}
	})
	cacheURL := cache.URL(t)
	p := ownPlatform(t)
	secrets := secretsFolder(t, database(t))
	_, keepers := fundedKeys(t, p, 3)
	fee, feeSeed := fundedKeys(t, p, 1)
	_, channels := fundedKeys(t, p, 2)
	for name, text := range map[string]string{"KEEPER_KEYS": keepers, "FEE_KEY": feeSeed, "CHANNEL_KEYS": channels, "REDIS_PASSWORD": cache.Password()} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	extra := []string{"--asset", p.ready.USDC.Contract, "--ledger-clock", "--redis", cacheURL, "--verify-every", "1s"}
	leads := startServers(t, p, p.ready.RPC, secrets, extra...)
	waitFor(t, func() bool { return readyOf(t, leads.indexerURL).State == indexer.Following })
	stands := startServers(t, p, p.ready.RPC, secrets, extra...)
	if state := readyOf(t, stands.indexerURL).State; state != indexer.Standby {
		t.Errorf("the second indexer is %s", state)
	}
	r := p.ready
	r.API = stands.apiURL

	var ids []string
	for range 3 {
		id := openTrade(t, r)
		act(t, r, "seller", id, "accept")
		act(t, r, "buyer", id, "fund")
		ids = append(ids, id)
	}
	if _, err := p.network.Advance(40 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		var trade struct {
			Stage string `json:"stage"`
		}
		waitFor(t, func() bool { return found(r.API+"/trades/"+id, &trade) && trade.Stage == "ended" })
	}
	waitFor(t, func() bool {
		return strings.Contains(metrics(t, leads.indexerURL), "stellar_escrow_keeper_settled_total 3\n")
	})
	if keeps := readyOf(t, leads.indexerURL).Keeper; keeps == nil || keeps.Due != 0 || keeps.Spent == 0 || keeps.PutOffAll != 0 {
		t.Errorf("the keeper is %+v", keeps)
	}

	client := relay.NewClient(stands.indexerURL, secretOf(t, secrets, "RELAY_SECRET"), time.Now, rand.Reader, nil)
	sponsoredTrade := aSponsoredTrade(t, p, r, client, fee[0])

	// The stream of the one that stands by has everything, in order, and what comes: another trade is opened when it has told of the last one.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var last feed.Head
	next := ""
	for e, err := range client.Stream(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		entry := must(feed.Read(e.Payload))
		if err := last.Check(entry); err != nil {
			t.Fatal(err)
		}
		last = entry.Head()
		if opened := entry.Kind == (escrow.Opened{}).EventName(); opened && entry.Trade == sponsoredTrade {
			next = openTradeAt(t, r, must(p.now(t)))
		} else if opened && entry.Trade == next {
			break
		}
	}
	if last.Seq < 10 {
		t.Errorf("the stream has told of %d entries", last.Seq)
	}
	if !strings.Contains(metrics(t, stands.indexerURL), "stellar_escrow_fanout_up 1\n") {
		t.Errorf("the one that stands by does not hear from Redis:\n%s", grep(metrics(t, stands.indexerURL), "fanout_"))
	}
	waitFor(t, func() bool { return strings.Contains(metrics(t, leads.indexerURL), "stellar_escrow_contract_owed{") })
	checkMetricsTable(t, metrics(t, leads.indexerURL))
	for _, process := range []*process{leads.api, stands.api, leads.indexer, stands.indexer} {
		process.stop()
	}
	for name, process := range map[string]*process{"leads": leads.indexer, "stands by": stands.indexer} {
		if text := process.stderr.String(); strings.Contains(text, "ERROR") {
			t.Errorf("the one that %s says\n%s", name, text)
		}
	}
}

// aSponsoredTrade has a trader open a trade whose fee the platform pays.
func aSponsoredTrade(t *testing.T, p *platform, r devReady, client *relay.Client, fee *keypair.Full) string {
	t.Helper()
	body := strings.Replace(openBody(r, must(p.now(t))), "{", `{"valid_for":240,`, 1) // a lost one must be over soon
	var opens struct {
		ID       string
		Prepared preparedTx
	}
	post(t, r.API+"/trades", json.RawMessage(body), &opens)
	xlm := func(address string) int64 {
		t.Helper()
		return must(client.Account(t.Context(), address)).Balance
	}
	buyer := accountOf(r, "buyer")
	had, paid := xlm(buyer), xlm(fee.Address())
	out, err := client.Sponsor(t.Context(), relay.SponsorRequest{Envelope: signed(t, r, "buyer", opens.Prepared), Account: buyer})
	if err != nil || out.Failure != nil || out.State != relay.SubmissionPending {
		t.Fatalf("sponsored: %+v, %v", out, err)
	}
	var trade json.RawMessage
	waitFor(t, func() bool { return found(r.API+"/trades/"+opens.ID, &trade) })
	if now := xlm(buyer); now != had {
		t.Errorf("the buyer has %d stroops, before %d: the platform should have paid", now, had)
	}
	if now := xlm(fee.Address()); now >= paid {
		t.Errorf("the fee account has %d stroops, before %d", now, paid)
	}
	// What nobody has signed is not paid for.
	var accepts preparedTx
	post(t, r.API+"/trades/"+opens.ID+"/actions/accept", map[string]any{"source": accountOf(r, "seller"), "valid_for": 240}, &accepts)
	if _, err := client.Sponsor(t.Context(), relay.SponsorRequest{Envelope: accepts.Transaction}); !errors.Is(err, relay.ErrInvalid) && !errors.Is(err, relay.ErrNotOffered) {
		t.Errorf("one that nobody has signed: %v", err)
	}
	return opens.ID
}

// now is the ledgers' time.
func (p *platform) now(t *testing.T) (time.Time, error) {
	kept, err := p.client.Range(t.Context())
	return time.Unix(int64(kept.Latest.CloseTime), 0), err
}

func secretOf(t *testing.T, dir, name string) func() []secret.Secret {
	t.Helper()
	text := bytes.TrimSpace(must(os.ReadFile(filepath.Join(dir, name))))
	return func() []secret.Secret { return []secret.Secret{secret.New(string(text))} }
}

// grep is the lines of a text that hold a word.
func grep(text, word string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// On a local platform what is due is settled by itself, unless that is not wanted.
func TestDevSettlesWhatIsDue(t *testing.T) {
	t.Parallel() // it waits most of the time
	for _, keeps := range []bool{true, false} {
		args := []string{"dev", "--listen", "127.0.0.1:0", "--json"}
		if !keeps {
			args = append(args, "--no-keeper")
		}
		d := start(t, args...)
		r := d.ready()
		id := openTrade(t, r)
		act(t, r, "seller", id, "accept")
		act(t, r, "buyer", id, "fund")
		post(t, r.Advance, map[string]int{"seconds": 40 * 24 * 3600}, new(json.RawMessage))
		var trade struct {
			Stage string `json:"stage"`
		}
		if keeps {
			waitFor(t, func() bool { return found(r.API+"/trades/"+id, &trade) && trade.Stage == "ended" })
		} else {
			time.Sleep(2 * time.Second) // long enough for the other one
			if !found(r.API+"/trades/"+id, &trade) || trade.Stage != "funded" {
				t.Errorf("without a keeper the trade is %s", trade.Stage)
			}
		}
		d.stop()
		if text := d.stderr.String(); strings.Contains(text, "ERROR") || strings.Contains(text, "WARN") {
			t.Errorf("dev complained:\n%s", text)
		}
	}
}
