package ctl_test

import (
	"bytes"
	"encoding/json"
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
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
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
	n := localnettest.Open(t, localnet.Options{})
	w := &world{t: t, network: n, rpc: localnettest.Serve(t, n).URL, dir: t.TempDir(), keys: map[string]*keypair.Full{}}
	for _, who := range people {
		k := localnettest.FundedKey(t, n)
		w.keys[who] = k
		if err := os.WriteFile(w.keyFile(who), []byte(k.Seed()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) keyFile(who string) string { return filepath.Join(w.dir, who+".key") }

// keyOf is a file with a key.
func keyOf(t *testing.T, k *keypair.Full) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "some.key")
	if err := os.WriteFile(file, []byte(k.Seed()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

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

// account is the entry of somebody's account.
func (w *world) account(who string) xdr.AccountEntry {
	w.t.Helper()
	return rpctest.Account(w.t, w.client(), w.keys[who].Address())
}

func (w *world) client() *rpc.Client {
	w.t.Helper()
	return rpctest.Client(w.t, w.rpc, w.network.Passphrase(), nil)
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
