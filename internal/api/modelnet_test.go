package api

import (
	"sync"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// modelNet stands in for the network and the store: a relay.Relay and Trades whose contract is the model of internal/escrow. It checks what a node checks of
// transactions (signatures, sequence, time bounds, authorisations), so that what this package prepares must be right to pass. It is deterministic, which
// golden files need; the same stories run on the real host in localnet_test.go.
type modelNet struct {
	mu       sync.Mutex
	network  stellar.Network
	self     stellar.Address
	assets   map[string]relay.Asset
	c        *escrow.Contract
	ledger   relay.Ledger
	lag      uint32 // how many ledgers the projection is behind
	gap      bool   // and cannot go on
	accounts map[string]int64
	balances map[[2]string]amount.Int128 // by asset and holder
	frozen   map[string]bool
	trades   map[escrow.ID]*Trade
	order    []escrow.ID
	events   map[escrow.ID][]Event
	txs      map[string]relay.Transaction
	down     error // what every question to the network ends with
	// twist changes what a simulation asks to be signed, as a hostile token would.
	twist   func([]xdr.SorobanAuthorizationEntry) []xdr.SorobanAuthorizationEntry
	restore bool // entries are archived
	// restores is how many archived entries a call brings back along the way.
	restores uint32
	rent     int64 // what those cost, in stroops
	// waits: what is submitted while an earlier transaction of the account is on its way comes after it.
	waits   bool
	nonce   int64
	changes int // how often anything changed
	asked   int // how often an asset was looked at
}

const modelStart = 1_767_225_600 // 2026-01-01

var modelLimits = escrow.Limits{
	AppealMax: 1_400_000, AppealMin: 1400, FeeDelay: 86_400, InspectionMax: 1_100_000, InspectionMin: 1100, LongestLife: 10_000_000,
	MinDelivery: 1000, OffersMax: 1_200_000, OffersMin: 1200, RulingMax: 1_300_000, RulingMin: 1300,
}

// key is somebody's key, the same in each run.
func key(name string) *keypair.Full {
	var seed [32]byte
	copy(seed[:], name)
	return must(keypair.FromRawSeed(seed))
}

func address(name string) string { return key(name).Address() }

// contractAddress is a contract that nobody deployed.
func contractAddress(name string) stellar.Address {
	a := stellar.Address{Contract: true}
	copy(a.Key[:], name)
	return a
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newModelNet() *modelNet {
	n := &modelNet{
		network: must(stellar.NewNetwork("Model Network ; not a real one")), self: contractAddress("escrow"), ledger: relay.Ledger{Sequence: 100, CloseTime: modelStart},
		assets: map[string]relay.Asset{}, accounts: map[string]int64{}, balances: map[[2]string]amount.Int128{}, frozen: map[string]bool{},
		trades: map[escrow.ID]*Trade{}, events: map[escrow.ID][]Event{}, txs: map[string]relay.Transaction{},
	}
	usdc, token := contractAddress("usdc").String(), contractAddress("token").String()
	n.assets[usdc] = relay.Asset{Address: usdc, Kind: relay.AssetStellar, Code: "USDC", Issuer: address("issuer"), Decimals: 7, AuthRevocable: true}
	n.assets[token] = relay.Asset{Address: token, Kind: relay.AssetToken, Symbol: "GLD", Name: "Gold", Decimals: 2}
	n.c = must(escrow.New(escrow.Address(n.self.String()), escrow.Address(address("admin")), 100, escrow.Address(address("fee-receiver")), modelLimits))
	for _, name := range []string{"buyer", "seller", "stranger", "arb1", "arb2", "arb3", "jud1", "fee-receiver"} {
		n.accounts[address(name)] = 7000
		for asset := range n.assets {
			n.balances[[2]string{asset, address(name)}] = amount.Int(1000_0000000)
		}
	}
	return n
}

func (n *modelNet) advance(seconds uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ledger.CloseTime += seconds
	n.ledger.Sequence += uint32(seconds/5) + 1
}
