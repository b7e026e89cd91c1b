package sponsor_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/sponsor"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// world is a network with the contract deployed, people who trade, a fee account and channel accounts.
type world struct {
	t        *testing.T
	net      *localnet.Network
	node     *rpc.Client
	server   *relayserver.Server
	db       *sqlite.Store
	contract stellar.Address
	asset    stellar.Address
	config   escrow.Config
	keys     map[string]*keypair.Full
	channels []string
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newWorld(t *testing.T, channels int, people ...string) *world {
	t.Helper()
	net := localnettest.Open(t, localnet.Options{})
	w := &world{t: t, net: net, node: rpctest.Client(t, localnettest.Serve(t, net).URL, net.Passphrase(), nil), keys: map[string]*keypair.Full{}}
	w.db = must(sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db")))
	t.Cleanup(func() { _ = w.db.Close() })
	w.server = relayserver.New(relayserver.Config{Node: func() *rpc.Client { return w.node }, Transactions: w.db, Now: time.Now})
	_, _, asset := net.USDC()
	w.asset = must(stellar.ParseAddress(asset))
	for i := range channels {
		w.channels = append(w.channels, fmt.Sprint("channel ", i))
	}
	for _, name := range append(append([]string{"operator", "fee"}, w.channels...), people...) {
		w.keys[name] = localnettest.FundedKey(t, net)
	}
	code, hash, err := wasm.Escrow()
	if err != nil {
		t.Fatal(err)
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		t.Fatal(err)
	}
	deployed, err := deploy.Deploy(t.Context(), w.sender("operator"), deploy.Plan{Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: w.address("operator"), FeeBps: 50,
		FeeReceiver: w.address("operator"), Limits: deploy.DefaultLimits(), Asset: w.asset})
	if err != nil {
		t.Fatal(err)
	}
	w.contract = deployed.Contract
	w.config = must(deploy.ReadConfig(t.Context(), w.node, w.contract))
	return w
}

func (w *world) sender(name string) *deploy.Sender {
	return &deploy.Sender{Client: w.node, Key: w.keys[name], InclusionFee: stellar.MinInclusionFee}
}

func (w *world) address(name string) stellar.Address {
	return must(stellar.ParseAccount(w.keys[name].Address()))
}

func (w *world) rule(name string) escrow.Address { return escrow.Address(w.address(name).String()) }

func (w *world) now() time.Time {
	l, err := w.server.LatestLedger(context.Background())
	if err != nil {
		w.t.Errorf("the network's clock: %v", err)
	}
	return time.Unix(int64(l.CloseTime), 0)
}

var generous = sponsor.Limits{
	Ceiling: 50_000_000, Day: 100_000_000_000, Account: sponsor.Share{Stroops: 10_000_000_000, Transactions: 1000}, Shared: sponsor.Share{Stroops: 10_000_000_000, Transactions: 1000},
}

// settings is how a deployment would set a sponsor up.
func (w *world) settings() sponsor.Config {
	w.t.Helper()
	key := signer.Config{Network: w.node.Network(), Follows: func() []stellar.Address { return []stellar.Address{w.contract} },
		Own: func() []stellar.Address { return []stellar.Address{w.address("operator")} }, MaxFee: 1_000_000_000, Now: w.now}
	var lines []string
	for _, name := range w.channels {
		lines = append(lines, w.keys[name].Seed())
	}
	return sponsor.Config{
		Relay: w.server, Store: w.db, Network: key.Network, Follows: key.Follows, Own: key.Own, Assets: []stellar.Address{w.asset}, Limits: generous, Now: w.now,
		Rand: rand.Reader, Log: localnettest.Log(w.t),
		Keys: must(signer.NewPool(key, func() secret.Secret { return secret.New(w.keys["fee"].Seed()) }, func() secret.Secret { return secret.New(strings.Join(lines, "\n")) })),
	}
}

// sponsor starts one that ends with the test.
func (w *world) sponsor(c sponsor.Config) *sponsor.Sponsor {
	w.t.Helper()
	s := must(sponsor.New(c))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	w.t.Cleanup(func() { stop(); running.Wait() })
	return s
}

func (w *world) terms(buyer, seller string, salt byte) escrow.Terms {
	now := uint64(w.now().Unix())
	l := w.config.Limits
	return escrow.Terms{
		Asset: escrow.Address(w.asset.String()), Buyer: w.rule(buyer), FallbackPpm: 500_000, FeeBps: 50, FundBy: now + 1000, Inspection: l.InspectionMin,
		Milestones: []escrow.Milestone{{Amount: amount.Int(100), DeliverBy: now + 1000 + 2*l.MinDelivery}}, Salt: escrow.Hash{salt}, Seller: w.rule(seller),
		Windows: escrow.Windows{Appeal: l.RulingMin, Offers: l.OffersMin, Ruling: l.RulingMin},
	}
}

// request is a call as its signer asks for it: authorised, and sent by nobody.
func (w *world) request(call escrow.Call, state stellar.State) relay.SponsorRequest {
	tree := must(stellar.ExpectedTree(w.contract, call, state))
	r := relay.SponsorRequest{Call: must(stellar.Encode(tree.Call))}
	if tree.Signer == nil {
		return r
	}
	r.Account = tree.Signer.String()
	entry := xdr.SorobanAuthorizationEntry{RootInvocation: tree.Invocation(), Credentials: xdr.SorobanCredentials{
		Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress,
		Address: &xdr.SorobanAddressCredentials{Address: tree.Signer.ScAddress(), Nonce: xdr.Int64(must(rand.Int(rand.Reader, maxNonce)).Int64()),
			Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid}},
	}}
	for _, k := range w.keys {
		if k.Address() == tree.Signer.String() {
			l := must(w.server.LatestLedger(context.Background()))
			r.Auth = []string{must(stellar.Encode(must(stellar.SignAuth(w.node.Network(), entry, l.Sequence+1000, k))))}
		}
	}
	return r
}

// await is what became of a transaction.
func (w *world) await(hash string) relay.Transaction {
	for range 1000 {
		out, err := w.server.Transaction(context.Background(), hash)
		if err == nil && out.State.Final() {
			return out
		}
		time.Sleep(10 * time.Millisecond) // the network is another program's; there is no clock to step
	}
	w.t.Errorf("transaction %s has no outcome", hash)
	return relay.Transaction{}
}

func (w *world) sequence(name string) int64 {
	return must(w.server.Account(context.Background(), w.keys[name].Address())).Sequence
}

func (w *world) balance(name string) int64 {
	return must(w.server.Account(context.Background(), w.keys[name].Address())).Balance
}

// spent is what today and yesterday have cost: a test may begin before midnight.
func (w *world) spent(account string) (sum store.Spent) {
	day := store.DayOf(w.now().Unix())
	for _, d := range []uint32{day - 1, day} {
		s := must(w.db.Spent(context.Background(), store.PurposeSponsor, d, account))
		sum.Stroops += s.Stroops
		sum.Transactions += s.Transactions
	}
	return sum
}

// settled waits until what was spent is what the fee account has paid.
func (w *world) settled(paid int64) {
	w.t.Helper()
	for range 1000 {
		if w.spent("").Stroops == paid {
			return
		}
		time.Sleep(10 * time.Millisecond) // the follower is another goroutine's; what it waits for is the network
	}
	w.t.Errorf("the fee account has paid %d stroops, the day has %+v", paid, w.spent(""))
}

var _ payer.Relay = (*relayserver.Server)(nil)

func (w *world) assemble(tx stellar.Transaction, sim relay.Simulation) stellar.Transaction {
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", sim.TransactionData, &data); err != nil {
		w.t.Fatal(err)
	}
	auth := make([]xdr.SorobanAuthorizationEntry, len(sim.Auth))
	for i, text := range sim.Auth {
		if err := stellar.Decode("authorisation", text, &auth[i]); err != nil {
			w.t.Fatal(err)
		}
	}
	return must(tx.Assemble(data, sim.MinResourceFee, auth))
}

// forged is an authorisation with the signature of somebody else.
func (w *world) forged(text string) string {
	var entry xdr.SorobanAuthorizationEntry
	if err := stellar.Decode("authorisation", text, &entry); err != nil {
		w.t.Fatal(err)
	}
	payload := must(stellar.AuthPayload(w.node.Network(), entry))
	return must(stellar.Encode(must(stellar.AttachSignature(entry, w.address("buyer"), must(w.keys["seller"].Sign(payload[:]))))))
}

// until is the buyer's authorisation signed for another last ledger.
func (w *world) until(text string, last uint32) string {
	var entry xdr.SorobanAuthorizationEntry
	if err := stellar.Decode("authorisation", text, &entry); err != nil {
		w.t.Fatal(err)
	}
	return must(stellar.Encode(must(stellar.SignAuth(w.node.Network(), entry, last, w.keys["buyer"]))))
}

// overHTTP puts the wire between a relay and its caller, as between the api and the indexer.
func overHTTP(t *testing.T, r relay.Relay) relay.Relay {
	t.Helper()
	key := secret.New(rand.Text())
	keys := func() []secret.Secret { return []secret.Secret{key} }
	server := httptest.NewServer(relay.Handler(r, keys, time.Now, localnettest.Log(t)))
	t.Cleanup(server.Close)
	return relay.NewClient(server.URL, keys, time.Now, rand.Reader, nil)
}
