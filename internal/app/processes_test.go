package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/app/demo"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/keys"
	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

// servers are an indexer and an api as processes of their own, beside a platform whose network and contract they use.
type servers struct {
	indexer, api *process
	indexerURL   string
	apiURL       string
	metricsURL   string // the api's
}

// ownPlatform is a platform of this test's own, whose network and contract other processes use. It ends after them.
func ownPlatform(t *testing.T) *platform {
	t.Helper()
	// Not the test's context: that ends before the cleanups, and the processes are stopped by one.
	p, err := startPlatform(context.WithoutCancel(t.Context()), environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, log: quiet}, "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// secretsFolder is a mounted folder with the secrets of both.
func secretsFolder(t *testing.T, database string) string {
	t.Helper()
	dir := t.TempDir()
	_, integrator, err := keys.New(keys.API, "acme", nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, admin, err := keys.New(keys.Admin, "alice", []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"DATABASE_URL": database, "RELAY_SECRET": rand.Text() + rand.Text(), "API_KEYS": integrator, "ADMIN_KEYS": admin} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func startServers(t *testing.T, p *platform, nodes, secrets string, extra ...string) servers {
	t.Helper()
	common := []string{
		"--listen", "127.0.0.1:0", "--json", "--secrets", secrets, "--network-passphrase", p.ready.Passphrase,
		"--contract", fmt.Sprintf("%s:%d", p.ready.Contract, p.state.Start),
	}
	var s servers
	s.indexer = start(t, slices.Concat([]string{"indexer", "--rpc", nodes, "--poll", "20ms"}, common, extra)...)
	var indexed indexerReady
	if err := json.Unmarshal([]byte(s.indexer.line), &indexed); err != nil {
		t.Fatal(err)
	}
	s.api = start(t, append([]string{"api", "--indexer", indexed.Indexer, "--asset", p.ready.USDC.Contract, "--metrics-listen", "127.0.0.1:0"}, common...)...)
	var served apiReady
	if err := json.Unmarshal([]byte(s.api.line), &served); err != nil {
		t.Fatal(err)
	}
	s.indexerURL, s.apiURL, s.metricsURL = indexed.Indexer, served.API, served.Metrics
	waitFor(t, func() bool { return found(strings.TrimSuffix(s.apiURL, "/v1")+"/readyz", new(json.RawMessage)) })
	return s
}

// file is a store of one machine's.
func file(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") }

// database is one of a real server of this test's own.
func database(t *testing.T) string {
	server := postgres.New(postgres.Options{Careless: true})
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server.Database(t)
}

// The demo's four stories through an api and an indexer that are processes of their own, with a store between them.
func TestServersAsProcesses(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{"sqlite": file, "postgres": database} {
		t.Run(name, func(t *testing.T) {
			p := ownPlatform(t)
			secrets := secretsFolder(t, url(t))
			s := startServers(t, p, p.ready.RPC, secrets)
			w, err := p.world()
			if err != nil {
				t.Fatal(err)
			}
			w.API = s.apiURL
			var out bytes.Buffer
			if err := demo.Play(t.Context(), w, &out); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if !strings.Contains(out.String(), "every balance adds up to the stroop") {
				t.Errorf("the play ends with\n%s", out.String())
			}

			ready := readyOf(t, s.indexerURL)
			if !ready.Ready || ready.State != indexer.Following || ready.Unread != 0 || len(ready.Contracts) != 1 {
				t.Errorf("%+v", ready)
			}
			if len(ready.Nodes) != 1 || !ready.Nodes[0].InUse || ready.Nodes[0].State != pool.Ready || ready.Nodes[0].Ledger < ready.Ledger {
				t.Errorf("nodes: %+v", ready.Nodes)
			}
			// The relay is for those who know its secret.
			res, err := http.Post(s.indexerURL+"/relay/v1/network", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("the relay answers a stranger with %s", res.Status)
			}
			verifyAgrees(t, p, secrets)
			s.api.stop()
			s.indexer.stop()
			if text := s.api.stderr.String(); text != "" {
				t.Errorf("the api complained:\n%s", text)
			}
			if text := s.indexer.stderr.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "a call to the relay was refused") {
				t.Errorf("the indexer complained:\n%s", text)
			}
		})
	}
}

// verifyAgrees runs `indexer verify` beside the indexer: all trades of the stories, and the contract's balance by two servers, are as stored.
// Of another contract's balance it would say so; of a store in which nothing stands, that it could not look.
func verifyAgrees(t *testing.T, p *platform, secrets string) {
	t.Helper()
	args := []string{"indexer", "verify", "--all", "--rpc", p.ready.RPC, "--second-rpc", p.ready.RPC, "--network-passphrase", p.ready.Passphrase}
	var out bytes.Buffer
	if err := Run(t.Context(), append(args, "--secrets", secrets), &out, &out); err != nil {
		t.Errorf("verify: %v\n%s", err, out.String())
	}
	for _, want := range []string{"4 trades compared", "the contract has 68800000 (68800000 by the second server)", "of which 68800000 are fees"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("verify does not say %q:\n%s", want, out.String())
		}
	}
	empty := secretsFolder(t, "sqlite:"+filepath.Join(t.TempDir(), "empty.db"))
	if err := Run(t.Context(), append(args, "--secrets", empty), &out, &out); ExitCode(err) != 2 {
		t.Errorf("of an empty store: %v (exit code %d), want 2", err, ExitCode(err))
	}
}

// Everything that is wrong with a configuration is said at once, by the variables' names.
func TestConfigurationsAreCheckedAtOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	same, other := must(keypair.Random()).Seed(), must(keypair.Random()).Seed()
	short, weak := write("short", "abc"), write("weak", "postgres://stellar:password@db/stellar")
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"nothing": {nil, []string{"STELLAR_RPC_URLS is not set", "DATABASE_URL_FILE is not set", "NETWORK_PASSPHRASE", "CONTRACT_ID is not set", "RELAY_SECRET_FILE is not set"}},
		"all of it wrong": {
			[]string{"--listen", "3000", "--rpc", "ftp://x", "--poll", "1h", "--database-url-file", weak, "--relay-secret-file", short, "--contract", "GABC:1", "--network-passphrase", " "},
			[]string{"INDEXER_LISTEN=3000", "STELLAR_RPC_URLS: number 1", "INDEXER_POLL", "password in the database's URL", "RELAY_SECRET_FILE", "3 bytes", `CONTRACT_ID: "GABC"`, "NETWORK_PASSPHRASE"},
		},
		"what looks right and is not": {
			[]string{
				"--database-url-file", write("bad", "postgres://u:p@h:port/d"), "--ledger-files", filepath.Join(dir, "none"), "--second-rpc", "::", "--network-passphrase", "Some network ; 2026",
				"--contract", "CCWDOWV5HGLHGIQNBQS5ZBN7OF4PMWHFW4DBU6G45WJXCIDGMWNJRV2B:5,CCWDOWV5HGLHGIQNBQS5ZBN7OF4PMWHFW4DBU6G45WJXCIDGMWNJRV2B:6", "--keeper-keys-file", write("keys", "GABC, which is no seed"),
				"--fee-key-file", write("fee", "not a seed of anybody"), "--redis", "http://x", "--keeper-day", "none",
			},
			[]string{
				"DATABASE_URL_FILE", "LEDGER_FILES=", "SECOND_RPC_URL", "stands there twice", "KEEPER_KEYS_FILE", "the keeper keys: line 1", "FEE_KEY_FILE", "CHANNEL_KEYS_FILE", "REDIS_URL", "REDIS_PASSWORD_FILE",
				"KEEPER_DAY_XLM=\"none\"",
			},
		},
		"one key for two kinds of call": {
			[]string{"--keeper-keys-file", write("keeper", same+"\n"+other), "--fee-key-file", write("fee2", other), "--channel-keys-file", write("channels", same)},
			[]string{"FEE_KEY_FILE", "in KEEPER_KEYS_FILE too", "CHANNEL_KEYS_FILE"},
		},
		"a contract without its ledger":   {[]string{"--contract", "CCWDOWV5HGLHGIQNBQS5ZBN7OF4PMWHFW4DBU6G45WJXCIDGMWNJRV2B"}, []string{"write the ledger that deployed it"}},
		"a store of another kind":         {[]string{"--database-url-file", write("mysql", "mysql://u@h/d")}, []string{"holds no URL of a store"}},
		"a database without a password":   {[]string{"--database-url-file", write("bare", "postgres://u@h/d")}, []string{"POSTGRES_PASSWORD_FILE is not set"}},
		"a password that everybody knows": {[]string{"--database-url-file", write("bare2", "postgres://u@h/d"), "--postgres-password-file", write("known", "postgres-password")}, []string{"POSTGRES_PASSWORD_FILE", "well-known"}},
	} {
		err := Run(t.Context(), append([]string{"indexer"}, c.args...), &bytes.Buffer{}, &bytes.Buffer{})
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\ndoes not say %q", name, err, want)
			}
		}
		if err != nil && (strings.Contains(err.Error(), same) || strings.Contains(err.Error(), other) || strings.Contains(err.Error(), "stellar:password") || strings.Contains(err.Error(), "abc\n")) {
			t.Errorf("%s: a secret shows: %v", name, err)
		}
	}
	err := Run(t.Context(), []string{"api", "--indexer", "http://x/path", "--asset", "USDC", "--metrics-listen", "4001", "--proxy", "nginx", "--api-keys-file", write("plain", same)}, &bytes.Buffer{}, &bytes.Buffer{})
	for _, want := range []string{
		"INDEXER_URL=http://x/path", `ASSETS: "USDC"`, "the api keeps trades there", "API_METRICS_LISTEN=4001", `TRUSTED_PROXIES: "nginx"`, "API_KEYS_FILE", "the hash and not the key", "ADMIN_KEYS_FILE is not set",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), same) {
		t.Errorf("a key shows: %v", err)
	}
}

// A preferred node whose ledgers are not those that are stored is left for the next one: what is stored decides which chain is ours.
func TestAForkedNodeIsLeft(t *testing.T) {
	ours, fork := ownPlatform(t), ownPlatform(t)
	secrets := secretsFolder(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"))
	first := startServers(t, ours, ours.ready.RPC, secrets)
	opened := openTrade(t, ours.ready)
	var trade struct {
		ID string `json:"id"`
	}
	waitFor(t, func() bool { return found(first.apiURL+"/trades/"+opened, &trade) })
	first.api.stop()
	first.indexer.stop()

	second := startServers(t, ours, fork.ready.RPC+","+ours.ready.RPC, secrets)
	waitFor(t, func() bool { return readyOf(t, second.indexerURL).State == indexer.Following })
	if trade.ID = ""; !found(second.apiURL+"/trades/"+opened, &trade) || trade.ID != opened {
		t.Errorf("the trade is %+v", trade)
	}
	// What is submitted goes to the same chain.
	again := ours.ready
	again.API = second.apiURL
	again.Accounts = ours.ready.Accounts
	id := openTrade(t, again)
	waitFor(t, func() bool { return found(second.apiURL+"/trades/"+id, &trade) })
	second.api.stop()
	second.indexer.stop()
}

// found reads JSON if it is there.
func found(url string, into any) bool {
	res, err := http.Get(url)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK && json.NewDecoder(res.Body).Decode(into) == nil
}

// waitFor waits until other processes are so far; there is no clock of theirs to step.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	for range 600 {
		if so() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("it has not come to that in half a minute")
}

// With every hash of every ledger checked, the same is stored.
func TestLedgersAreVerified(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := ownPlatform(t)
	s := startServers(t, p, p.ready.RPC, secretsFolder(t, file(t)), "--verify-ledgers")
	r := p.ready
	r.API = s.apiURL
	for range 3 {
		id := openTrade(t, r)
		var trade json.RawMessage
		waitFor(t, func() bool { return found(s.apiURL+"/trades/"+id, &trade) })
	}
	s.api.stop()
	s.indexer.stop()
	if text := s.indexer.stderr.String(); text != "" {
		t.Errorf("the indexer complained:\n%s", text)
	}
}

// A contract that is no longer named is nobody's to wait for: the api answers reads, and a comparison is made, though it stays where it was.
func TestAContractThatIsNoLongerFollowed(t *testing.T) {
	p := ownPlatform(t)
	secrets := secretsFolder(t, file(t))
	both := fmt.Sprintf("%s:%d", p.ready.USDC.Contract, p.state.Start)
	s := startServers(t, p, p.ready.RPC, secrets, "--contract", both)
	waitFor(t, func() bool {
		r := readyOf(t, s.indexerURL)
		return r.State == indexer.Following && len(r.Contracts) == 2
	})
	s.api.stop()
	s.indexer.stop()
	s = startServers(t, p, p.ready.RPC, secrets)
	r := p.ready
	r.API = s.apiURL
	id := openTrade(t, r)
	act(t, r, "seller", id, "accept")
	var trade json.RawMessage
	waitFor(t, func() bool {
		return found(fmt.Sprintf("%s/trades/%s?min_ledger=%d", r.API, id, readyOf(t, s.indexerURL).Latest), &trade)
	})
	var out bytes.Buffer
	if err := Run(t.Context(), []string{"indexer", "verify", "--rpc", p.ready.RPC, "--network-passphrase", p.ready.Passphrase, "--secrets", secrets, "--timeout", "10s"}, &out, &out); err != nil {
		t.Errorf("verify: %v", err)
	}
	if want := "contract " + p.ready.USDC.Contract + " was not compared"; !strings.Contains(out.String(), "1 trades compared") || !strings.Contains(out.String(), want) {
		t.Errorf("verify says\n%s", out.String())
	}
	s.api.stop()
	s.indexer.stop()
}
