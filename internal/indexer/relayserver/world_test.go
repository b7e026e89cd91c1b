package relayserver_test

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
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

const (
	feeBps = 100
	usdc   = 10_000_000 // stroops in a unit
)

// world is a network with the contract deployed and people who have money, seen through the relay.
type world struct {
	t        *testing.T
	net      *localnet.Network
	network  stellar.Network
	node     *rpc.Client
	relay    relay.Relay
	contract stellar.Address
	asset    stellar.Address
	people   map[string]*keypair.Full
	url      string
	stop     func() // the network's door
}

// newWorld deploys the committed contract. Each of people is a funded account with a trustline and 1,000 USDC.
func newWorld(t *testing.T, people ...string) *world {
	t.Helper()
	net := localnettest.Open(t, localnet.Options{})
	server := localnettest.Serve(t, net)
	node := rpctest.Client(t, server.URL, net.Passphrase(), nil)
	w := &world{t: t, net: net, network: node.Network(), node: node, people: map[string]*keypair.Full{}, url: server.URL, stop: server.Close}
	direct, _ := w.server(w.node)
	w.relay = overHTTP(t, direct)
	code, issuer, asset := net.USDC()
	w.asset = w.parse(asset)
	line, err := txnbuild.CreditAsset{Code: code, Issuer: issuer}.ToChangeTrustAsset()
	must(t, err)
	for _, name := range append([]string{"operator"}, people...) {
		k := localnettest.FundedKey(t, net)
		w.people[name] = k
		w.classic(name, &txnbuild.ChangeTrust{Line: line})
		_, err = net.FundUSDC(t.Context(), k.Address(), 1000*usdc)
		must(t, err)
	}
	w.deploy()
	return w
}

// server is a relay over a node, with a store of its own.
func (w *world) server(node *rpc.Client) (*relayserver.Server, *sqlite.Store) {
	w.t.Helper()
	db, err := sqlite.Open(w.t.Context(), filepath.Join(w.t.TempDir(), "store.db"))
	must(w.t, err)
	w.t.Cleanup(func() { must(w.t, db.Close()) })
	return relayserver.New(relayserver.Config{Node: func() *rpc.Client { return node }, Transactions: db, Now: time.Now}), db
}

// stored is a signed transaction as it is kept before it is sent.
func (w *world) stored(tx stellar.Transaction) store.Transaction {
	w.t.Helper()
	text, err := tx.Base64()
	must(w.t, err)
	raw, err := base64.StdEncoding.DecodeString(text)
	must(w.t, err)
	return store.Transaction{
		Hash: store.Hash(tx.Hash(w.network)), State: store.TransactionSubmitted, Account: tx.Source().String(), Envelope: raw,
		ValidUntil: tx.NotAfter(), CreatedAt: w.now(), UpdatedAt: w.now(),
	}
}

// overHTTP puts the wire between a relay and its caller, as between the api and the indexer.
func overHTTP(t *testing.T, r relay.Relay) relay.Relay {
	t.Helper()
	key := secret.New(rand.Text())
	keys := func() []secret.Secret { return []secret.Secret{key} }
	server := httptest.NewServer(relay.Handler(r, keys, time.Now, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return relay.NewClient(server.URL, keys, time.Now, rand.Reader, nil)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) parse(s string) stellar.Address {
	w.t.Helper()
	a, err := stellar.ParseAddress(s)
	must(w.t, err)
	return a
}

func (w *world) address(name string) stellar.Address {
	w.t.Helper()
	k, ok := w.people[name]
	if !ok {
		w.t.Fatalf("nobody is called %s", name)
	}
	return w.parse(k.Address())
}

func (w *world) rule(name string) escrow.Address { return escrow.Address(w.address(name).String()) }

// now is the network's clock.
func (w *world) now() uint64 {
	w.t.Helper()
	l, err := w.relay.LatestLedger(w.t.Context())
	must(w.t, err)
	return l.CloseTime
}

func (w *world) latest() uint32 {
	w.t.Helper()
	l, err := w.relay.LatestLedger(w.t.Context())
	must(w.t, err)
	return l.Sequence
}

func (w *world) advance(seconds uint64) {
	w.t.Helper()
	_, err := w.net.Advance(time.Duration(seconds) * time.Second)
	must(w.t, err)
}

func (w *world) deploy() {
	w.t.Helper()
	code, _, err := wasm.Escrow()
	must(w.t, err)
	admin := w.address("operator")
	rulebookCode, _, err := wasm.Rulebook()
	must(w.t, err)
	rulebook := w.create(rulebookCode, 0xff, nil)
	w.contract = w.create(code, 1, stellar.ConstructorArgs(admin, feeBps, admin, escrow.Limits{
		AppealMax: 1_000_000, AppealMin: 1000, FeeDelay: 86_400, InspectionMax: 1_000_000, InspectionMin: 1000, LongestLife: 10_000_000,
		MinDelivery: 1000, OffersMax: 1_000_000, OffersMin: 1000, RulingMax: 1_000_000, RulingMin: 1000,
	}, rulebook))
}

// read asks one of the contract's views.
func (w *world) read(args xdr.InvokeContractArgs) xdr.ScVal {
	w.t.Helper()
	text, err := stellar.Encode(args)
	must(w.t, err)
	answer, err := w.relay.Read(w.t.Context(), text)
	must(w.t, err)
	if answer.Failure != nil {
		w.t.Fatalf("%s: %+v", args.FunctionName, *answer.Failure)
	}
	var v xdr.ScVal
	must(w.t, stellar.Decode("value", answer.Value, &v))
	return v
}

func (w *world) trade(terms escrow.Terms) *escrow.Trade {
	w.t.Helper()
	id, err := stellar.TermsID(w.network, w.contract, terms)
	must(w.t, err)
	trade, err := stellar.DecodeTrade(w.read(stellar.ViewTrade(w.contract, id)))
	must(w.t, err)
	entries, _, err := w.node.Entries(w.t.Context(), stellar.TradeKey(w.contract, id))
	must(w.t, err)
	if (trade != nil) != (len(entries) == 1) {
		w.t.Fatalf("the view says %+v, of entries there are %d", trade, len(entries))
	}
	for _, e := range entries {
		stored, err := stellar.ReadStoredTrade(e.Data.ContractData.Val)
		must(w.t, err)
		if diff := cmp.Diff(trade, stored, cmp.AllowUnexported(amount.Int128{}), equateEmpty); diff != "" {
			w.t.Errorf("the trade's entry (-view +entry):\n%s", diff)
		}
	}
	return trade
}

func (w *world) holding(who string) relay.Holding {
	w.t.Helper()
	h, err := w.relay.Holding(w.t.Context(), w.asset.String(), who)
	must(w.t, err)
	return h
}

// terms is a trade of 100 USDC in two milestones, bonds of 10, hearings for 3.
func (w *world) terms(salt byte) escrow.Terms {
	now := w.now()
	units := func(n int64) amount.Int128 { return amount.Int(n * usdc) }
	return escrow.Terms{
		ArbitrationFee: units(3), Asset: escrow.Address(w.asset.String()), Bond: units(10), Buyer: w.rule("buyer"), FallbackPpm: 500_000,
		FeeBps: feeBps, FundBy: now + 10_000, Inspection: 10_000,
		Milestones: []escrow.Milestone{
			{Amount: units(60), DeliverBy: now + 100_000, Description: escrow.Hash{1}},
			{Amount: units(40), DeliverBy: now + 200_000, Description: escrow.Hash{2}},
		},
		Panel:  escrow.Panel{Arbitrators: []escrow.Address{w.rule("arbitrator")}, Quorum: 1},
		Salt:   escrow.Hash{salt},
		Seller: w.rule("seller"), TermsHash: escrow.Hash{3},
		Windows: escrow.Windows{Appeal: 3000, Offers: 2000, Ruling: 5000},
	}
}

// equateEmpty takes a list without entries for one that was never made: XDR has no difference.
var equateEmpty = cmpopts.EquateEmpty()

func decodeBytes(t testing.TB, text string, into *[32]byte) {
	t.Helper()
	var v xdr.ScVal
	must(t, stellar.Decode("value", text, &v))
	if v.Bytes == nil || len(*v.Bytes) != len(into) {
		t.Fatalf("%s are not 32 bytes", v)
	}
	copy(into[:], *v.Bytes)
}
