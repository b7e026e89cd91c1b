package ctl_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// world is a network with some funded keys in files, as an operator has them.
type world struct {
	t       *testing.T
	network *localnet.Network
	rpc     string
	dir     string
	keys    map[string]*keypair.Full
}

func newWorld(t *testing.T, people ...string) *world {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	n, err := localnet.Open(t.Context(), localnet.Options{CacheDir: filepath.Join(cache, "stellarescrow", "host")})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(n.Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, network: n, rpc: srv.URL, dir: t.TempDir(), keys: map[string]*keypair.Full{}}
	for _, who := range people {
		k := keypair.MustRandom()
		w.keys[who] = k
		if _, err := n.Fund(t.Context(), k.Address()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(w.keyFile(who), []byte(k.Seed()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) keyFile(who string) string { return filepath.Join(w.dir, who+".key") }

// run calls escrowctl as who, on this network.
func (w *world) run(who string, args ...string) (string, error) {
	w.t.Helper()
	var out bytes.Buffer
	args = append(args, "--rpc", w.rpc, "--passphrase", w.network.Passphrase())
	if who != "" {
		args = append(args, "--key-file", w.keyFile(who))
	}
	err := ctl.Run(w.t.Context(), args, &out)
	return out.String(), err
}

// offline calls escrowctl without naming a node.
func (w *world) offline(args ...string) (string, error) {
	w.t.Helper()
	var out bytes.Buffer
	err := ctl.Run(w.t.Context(), append(args, "--passphrase", w.network.Passphrase()), &out)
	return out.String(), err
}

func (w *world) must(who string, args ...string) string {
	w.t.Helper()
	out, err := w.run(who, args...)
	if err != nil {
		w.t.Fatalf("escrowctl %s as %s: %v", strings.Join(args, " "), who, err)
	}
	return out
}

type deployed struct {
	Contract string        `json:"contract"`
	Code     string        `json:"code_sha256"`
	Config   escrow.Config `json:"config"`
}

func (w *world) deploy(extra ...string) (d deployed) {
	w.t.Helper()
	_, _, usdc := w.network.USDC()
	args := append([]string{"contract", "deploy", "--json", "--admin", w.keys["admin"].Address(), "--fee-receiver", w.keys["receiver"].Address(),
		"--fee-bps", "50", "--asset", usdc}, extra...)
	if err := json.Unmarshal([]byte(w.must("admin", args...)), &d); err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) info(contract string) (d deployed) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.must("", "contract", "info", "--json", "--contract", contract)), &d); err != nil {
		w.t.Fatal(err)
	}
	return d
}

func TestDeployIsRepeatableAndReadsBack(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "stranger")
	first := w.deploy()
	if first.Config.FeeBps != 50 || string(first.Config.Admin) != w.keys["admin"].Address() || string(first.Config.FeeReceiver) != w.keys["receiver"].Address() {
		t.Errorf("deployed with another configuration: %+v", first.Config)
	}
	before := w.sequence("admin")
	if again := w.deploy(); again.Contract != first.Contract {
		t.Errorf("deployed again at %s, was at %s", again.Contract, first.Contract)
	}
	if after := w.sequence("admin"); after != before {
		t.Errorf("deploying what stands sent %d transactions", after-before)
	}
	if other := w.deploy("--salt", strings.Repeat("01", 32)); other.Contract == first.Contract || other.Code != first.Code {
		t.Errorf("another salt gave %s with code %s", other.Contract, other.Code)
	}
	if got := w.info(first.Contract); got.Code != first.Code {
		t.Errorf("info shows code %s, deployed was %s", got.Code, first.Code)
	}
	text := w.must("", "contract", "info", "--contract", first.Contract)
	for _, want := range []string{first.Contract, first.Code, "50 bps to " + w.keys["receiver"].Address(), "open for new trades", "inspection 1d to 30d"} {
		if !strings.Contains(text, want) {
			t.Errorf("info does not say %q:\n%s", want, text)
		}
	}
}

func TestAdminsCalls(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "stranger", "next", "anchor")
	c := w.deploy().Contract
	call := func(name string, more ...string) []string {
		return append([]string{"contract", name, "--contract", c}, more...)
	}

	w.must("admin", call("pause")...)
	if !w.info(c).Config.Paused {
		t.Error("pause: not paused")
	}
	w.must("admin", call("unpause")...)
	if w.info(c).Config.Paused {
		t.Error("unpause: still paused")
	}

	w.must("admin", call("propose-fee", "--bps", "70", "--receiver", w.keys["next"].Address())...)
	if p := w.info(c).Config.PendingFee; p == nil || p.Bps != 70 || string(p.Receiver) != w.keys["next"].Address() {
		t.Errorf("propose-fee: pending is %+v", p)
	}
	w.must("admin", call("cancel-fee")...)
	if p := w.info(c).Config.PendingFee; p != nil {
		t.Errorf("cancel-fee: pending is %+v", p)
	}

	w.must("admin", call("propose-admin", "--to", w.keys["next"].Address())...)
	if got := w.info(c).Config; string(got.Admin) != w.keys["admin"].Address() || got.PendingAdmin == nil {
		t.Errorf("propose-admin: admin %s, pending %v", got.Admin, got.PendingAdmin)
	}
	w.must("next", call("accept-admin")...)
	if got := w.info(c).Config; string(got.Admin) != w.keys["next"].Address() || got.PendingAdmin != nil {
		t.Errorf("accept-admin: admin %s, pending %v", got.Admin, got.PendingAdmin)
	}

	w.must("next", call("set-anchor", "--key", w.keys["anchor"].Address())...)
	hash := strings.Repeat("ab", 32)
	w.must("anchor", call("anchor", "--seq", "7", "--hash", hash)...)
	if got := w.info(c).Config.Anchored; got.Seq != 7 || got.Hash.String() != hash {
		t.Errorf("anchor: anchored is %+v", got)
	}
	if out := w.must("anchor", call("anchor", "--seq", "8", "--hash", hash)...); !strings.Contains(out, "anchor: done in ledger ") {
		t.Errorf("anchor says %q", out)
	}
}

func TestWrongCallsNameWhatIsWrong(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "stranger")
	c := w.deploy().Contract
	_, issuer, usdc := w.network.USDC()
	loose := filepath.Join(w.dir, "loose.key")
	if err := os.WriteFile(loose, []byte(w.keys["admin"].Seed()), 0o644); err != nil {
		t.Fatal(err)
	}
	deploy := func(flag, value string) []string {
		args := map[string]string{"--admin": w.keys["admin"].Address(), "--fee-receiver": w.keys["receiver"].Address(), "--fee-bps": "50", "--asset": usdc}
		args[flag] = value
		line := []string{"contract", "deploy"}
		for f, v := range args {
			line = append(line, f+"="+v)
		}
		return line
	}
	for name, test := range map[string]struct {
		who  string
		args []string
		want string
		code int
	}{
		"another's key":         {"stranger", []string{"contract", "pause", "--contract", c}, "must be signed by " + w.keys["admin"].Address(), 1},
		"fee above the cap":     {"admin", []string{"contract", "propose-fee", "--contract", c, "--bps", "101", "--receiver", w.keys["admin"].Address()}, "above 100 basis points", 1},
		"nothing to cancel":     {"admin", []string{"contract", "cancel-fee", "--contract", c}, "no fee is pending", 1},
		"nobody proposed":       {"admin", []string{"contract", "accept-admin", "--contract", c}, "nobody has been proposed", 1},
		"no contract":           {"", []string{"contract", "info", "--contract", w.keys["admin"].Address()}, "--contract", 3},
		"nothing there":         {"", []string{"contract", "info", "--contract", "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM"}, "nothing stands at this address", 1},
		"another contract":      {"admin", []string{"contract", "pause", "--contract", usdc}, "another contract stands there", 1},
		"another configuration": {"admin", deploy("--fee-bps", "51"), "another configuration: its fee;", 1},
		"mistyped address":      {"admin", deploy("--admin", "GABC"), "--admin", 3},
		"fee of 2 percent":      {"admin", deploy("--fee-bps", "200"), "--fee-bps", 3},
		"asset is an account":   {"admin", deploy("--asset", issuer), "--asset", 3},
		"asset is no token":     {"admin", deploy("--asset", c), "does not answer as a token", 1},
		"limits are not bounds": {"admin", deploy("--limits", `{"inspection_min":0}`), "--limits", 3},
		"hash too short":        {"admin", []string{"contract", "anchor", "--contract", c, "--seq", "1", "--hash", "ab"}, "--hash", 3},
		"unknown command":       {"admin", []string{"contract", "withdraw"}, "withdraw", 3},
		"no such trade":         {"", []string{"contract", "terms", strings.Repeat("ab", 32), "--contract", c}, "no such trade was opened there", 1},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := w.run(test.who, test.args...)
			if err == nil {
				t.Fatalf("escrowctl %s: no error, printed %s", strings.Join(test.args, " "), out)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want it to say %q", err, test.want)
			}
			if got := ctl.ExitCode(err); got != test.code {
				t.Errorf("exit code %d, want %d (%v)", got, test.code, err)
			}
		})
	}
	t.Run("key file that others can read", func(t *testing.T) {
		err := ctl.Run(t.Context(), []string{"contract", "pause", "--contract", c, "--rpc", w.rpc, "--passphrase", w.network.Passphrase(), "--key-file", loose}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), w.keys["admin"].Seed()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another network", func(t *testing.T) {
		err := ctl.Run(t.Context(), append(deploy("--fee-bps", "50"), "--rpc", w.rpc, "--passphrase", "test", "--key-file", w.keyFile("admin")), &bytes.Buffer{})
		if err == nil || ctl.ExitCode(err) != 1 || !strings.Contains(err.Error(), w.network.Passphrase()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no node", func(t *testing.T) {
		err := ctl.Run(t.Context(), []string{"contract", "info", "--contract", c, "--rpc", "http://127.0.0.1:1", "--passphrase", "test"}, &bytes.Buffer{})
		if ctl.ExitCode(err) != 2 {
			t.Errorf("exit code %d for %v, want 2: it could not look", ctl.ExitCode(err), err)
		}
	})
}

// TestTermsFromTheChainAlone opens a trade and finds its terms again, by asking a node and by reading ledger files without one.
func TestTermsFromTheChainAlone(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "buyer", "seller")
	contract := w.deploy().Contract
	terms, id := w.open(contract)

	read := func(args ...string) escrow.Terms {
		t.Helper()
		var got struct {
			ID    escrow.ID    `json:"id"`
			Terms escrow.Terms `json:"terms"`
			XDR   string       `json:"xdr"`
		}
		if err := json.Unmarshal([]byte(w.must("", append([]string{"contract", "terms", id.String(), "--contract", contract}, args...)...)), &got); err != nil {
			t.Fatal(err)
		}
		var value xdr.ScVal
		if err := stellar.Decode("terms", got.XDR, &value); err != nil {
			t.Fatal(err)
		}
		again, err := stellar.DecodeTerms(value)
		if err != nil || again.Salt != got.Terms.Salt {
			t.Errorf("the XDR is of other terms: %v, %v", again, err)
		}
		return got.Terms
	}
	if got := read(); got.Salt != terms.Salt || got.Milestones[0] != terms.Milestones[0] {
		t.Errorf("from the node: %+v, want %+v", got, terms)
	}
	file := w.recordLedgers()
	if out, err := w.offline("contract", "terms", id.String(), "--contract", contract); err == nil || ctl.ExitCode(err) != 3 {
		t.Errorf("neither node nor files: %q, %v", out, err)
	}
	if out, err := w.offline("contract", "terms", id.String(), "--contract", contract, "--ledgers", file); err != nil || !strings.Contains(out, terms.Salt.String()) {
		t.Errorf("without a node: %q, %v", out, err)
	}
	if got := read("--ledgers", file); got.Salt != terms.Salt || got.Milestones[0] != terms.Milestones[0] {
		t.Errorf("from ledger files: %+v, want %+v", got, terms)
	}
	if err := os.WriteFile(file, []byte("not ledgers at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.run("", "contract", "terms", id.String(), "--contract", contract, "--ledgers", file); err == nil || !strings.Contains(err.Error(), "record 1") {
		t.Errorf("a file of something else: %v", err)
	}
}

// sequence is the number of the last transaction that an account sent.
func (w *world) sequence(who string) int64 {
	w.t.Helper()
	id := xdr.MustAddress(w.keys[who].Address())
	var key xdr.LedgerKey
	if err := key.SetAccount(id); err != nil {
		w.t.Fatal(err)
	}
	entries, _, err := w.client().Entries(w.t.Context(), key)
	if err != nil || len(entries) != 1 {
		w.t.Fatalf("account of %s: %d entries, %v", who, len(entries), err)
	}
	return int64(entries[0].Data.Account.SeqNum)
}

func (w *world) client() *rpc.Client {
	w.t.Helper()
	network, err := stellar.NewNetwork(w.network.Passphrase())
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := rpc.New(rpc.Config{URL: w.rpc, Network: network})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) open(contract string) (escrow.Terms, escrow.ID) {
	w.t.Helper()
	ctx := w.t.Context()
	_, _, usdc := w.network.USDC()
	const day = 24 * 60 * 60
	now := uint64(w.network.Now().Unix())
	terms := escrow.Terms{
		Buyer: escrow.Address(w.keys["buyer"].Address()), Seller: escrow.Address(w.keys["seller"].Address()), Asset: escrow.Address(usdc),
		FeeBps: 50, FundBy: now + day, Inspection: 2 * day, FallbackPpm: 500_000, Salt: escrow.Hash{1}, Windows: escrow.Windows{Offers: day, Ruling: 2 * day, Appeal: day},
		Milestones: []escrow.Milestone{{Amount: amount.Int(100_0000000), DeliverBy: now + 10*day}},
	}
	address, err := stellar.ParseAddress(contract)
	if err != nil {
		w.t.Fatal(err)
	}
	s := &deploy.Sender{Client: w.client(), Key: w.keys["buyer"]}
	if _, err := s.Call(ctx, address, escrow.CallOpen{Terms: terms, By: escrow.Buyer}, stellar.State{}); err != nil {
		w.t.Fatal(err)
	}
	id, err := stellar.TermsID(s.Client.Network(), address, terms)
	if err != nil {
		w.t.Fatal(err)
	}
	return terms, id
}

// recordLedgers writes what the network has closed as a core streams it.
func (w *world) recordLedgers() string {
	w.t.Helper()
	c, from := w.client(), uint32(0)
	kept, err := c.Range(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var stream bytes.Buffer
	for from = kept.Oldest.Sequence; from <= kept.Latest.Sequence; {
		page, _, err := c.Ledgers(context.WithoutCancel(w.t.Context()), from, 100)
		if err != nil || len(page) == 0 {
			w.t.Fatalf("ledgers from %d: %d, %v", from, len(page), err)
		}
		for _, l := range page {
			var meta xdr.LedgerCloseMeta
			if err := xdr.SafeUnmarshalBase64(l.Meta, &meta); err != nil {
				w.t.Fatal(err)
			}
			raw, err := meta.MarshalBinary()
			if err != nil {
				w.t.Fatal(err)
			}
			stream.Write(binary.BigEndian.AppendUint32(nil, 1<<31|uint32(len(raw))))
			stream.Write(raw)
			from = l.Sequence + 1
		}
	}
	file := filepath.Join(w.dir, "ledgers.xdr")
	if err := os.WriteFile(file, stream.Bytes(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}
