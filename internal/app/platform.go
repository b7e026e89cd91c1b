package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/Abdullahi130/StellarEscrow/client"
	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// devFeeBps is the platform's fee on a local platform: 0.5 %.
const devFeeBps = 50

// What stands in the folder of --data, beside devStateFile.
const (
	chainFolder = "localnet"    // the network
	storeFile   = "platform.db" // what is made of its ledgers
)

// maxParts bounds the parts that can fail beside each other.
const maxParts = 8

// devPoll is how often the indexer of a local platform looks for new ledgers: the node is in the same process.
const devPoll = 50 * time.Millisecond

// platform is everything in one process: what `dev` serves and `demo` plays on.
type platform struct {
	ready   devReady
	state   devState
	network *localnet.Network
	client  *rpc.Client
	store   *sqlite.Store
	indexer *indexer.Indexer
	submits *relayserver.Server
	door    door // to the api

	failed chan error // what ended it early
	cancel context.CancelFunc
	stops  []func() error // run in reverse
}

// devReady is the line that tells programs where things are.
type devReady struct {
	Page       string    `json:"page"`
	API        string    `json:"api"`
	RPC        string    `json:"rpc"`
	Friendbot  string    `json:"friendbot"`
	Advance    string    `json:"advance"`
	Passphrase string    `json:"passphrase"`
	USDC       asset     `json:"usdc"`
	Contract   string    `json:"contract"`
	Accounts   []account `json:"accounts"`
}

// startPlatform brings all of it up on one loopback address; dir "" keeps nothing. Whoever gets a platform must close it.
func startPlatform(ctx context.Context, env environment, address, dir string) (_ *platform, err error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &platform{failed: make(chan error, maxParts), cancel: cancel}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	l, err := listen(ctx, "--listen", address)
	if err != nil {
		return nil, err
	}
	p.stops = append(p.stops, func() error { return ignoreClosed(l.Close()) })
	work, err := p.folder(dir)
	if err != nil {
		return nil, err
	}
	// First of all that is kept, so that a folder with another's database is left as it is; and before the server, so that it is closed
	// after the last request has been answered.
	db, err := sqlite.OpenSmall(ctx, filepath.Join(work, storeFile))
	if err != nil {
		return nil, err
	}
	p.stops = append(p.stops, db.Close)
	if p.state, err = loadState(dir); err != nil {
		return nil, err
	}
	chain := ""
	if dir != "" {
		chain = filepath.Join(dir, chainFolder)
	}
	if p.network, err = openLocalnet(ctx, env, chain); err != nil {
		return nil, err
	}
	p.stops = append(p.stops, p.network.Close)

	base := "http://" + l.Addr().String()
	p.ready = devReady{
		Page: base + "/", API: base + "/v1", RPC: base + "/rpc", Friendbot: base + "/friendbot", Advance: base + "/advance",
		Passphrase: p.network.Passphrase(), USDC: usdcOf(p.network), Accounts: append(slices.Clip(p.state.Accounts), issuerOf(p.network)),
	}
	mux := http.NewServeMux()
	p.mountLocalnet(mux)
	page, err := client.New()
	if err != nil {
		return nil, err
	}
	p.door.closed = api.Starting(api.Deps{Now: time.Now, Rand: rand.Reader, Log: env.log}, "the network, its accounts and the contract come first")
	// As the front door of a platform has them: the api's paths, and the page with all others.
	for _, path := range []string{"/v1", "/v1/", "/openapi.json", "/openapi.yaml", "/healthz", "/readyz"} {
		mux.Handle(path, &p.door)
	}
	mux.Handle("/", page)
	p.background(func() error { return serve(ctx, l, mux) })

	network, err := stellar.NewNetwork(p.network.Passphrase())
	if err != nil {
		return nil, err
	}
	if p.client, err = rpc.New(rpc.Config{URL: p.ready.RPC, Network: network}); err != nil {
		return nil, err
	}
	contract, err := p.setUp(ctx, dir)
	if err != nil {
		return nil, err
	}
	p.ready.Contract = contract.String()
	return p, p.follow(ctx, env, mux, db, network, contract)
}

// folder makes the data folder, or one that goes with the process.
func (p *platform) folder(dir string) (string, error) {
	if dir != "" {
		return dir, ofPlatform(dir)
	}
	tmp, err := os.MkdirTemp("", "stellarescrow-*")
	if err != nil {
		return "", fmt.Errorf("make a temporary folder: %w", err)
	}
	p.stops = append(p.stops, func() error { return os.RemoveAll(tmp) })
	return tmp, nil
}

// mountLocalnet serves the network's own doors: RPC at /rpc, friendbot and the clock.
func (p *platform) mountLocalnet(mux *http.ServeMux) {
	doors := p.network.Handler()
	mux.Handle("/rpc", http.StripPrefix("/rpc", rooted(doors)))
	mux.Handle("/rpc/", http.StripPrefix("/rpc", doors))
	mux.Handle("/friendbot", doors)
	mux.Handle("/advance", doors)
}

// rooted gives a request whose whole path was a prefix the path that handlers know as the root.
func rooted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r.URL.Path = "/"
		}
		next.ServeHTTP(w, r)
	})
}

// setUp funds the accounts and deploys the contract, as far as an earlier start has not.
func (p *platform) setUp(ctx context.Context, dir string) (stellar.Address, error) {
	if !p.state.Funded {
		if err := p.state.fund(ctx, p.network, p.client); err != nil {
			return stellar.Address{}, err
		}
		kept, err := p.client.Range(ctx)
		if err != nil {
			return stellar.Address{}, err
		}
		// The contract comes after this ledger, so its story begins no earlier.
		p.state.Funded, p.state.Start = true, kept.Latest.Sequence
		if dir != "" {
			if err := p.state.save(filepath.Join(dir, devStateFile)); err != nil {
				return stellar.Address{}, err
			}
		}
	}
	admin, err := p.state.account("admin")
	if err != nil {
		return stellar.Address{}, err
	}
	if h, err := holdingsOf(ctx, p.network, p.client, admin.Address); err != nil {
		return stellar.Address{}, err
	} else if !h.exists {
		return stellar.Address{}, fmt.Errorf("--data=%s: its accounts are of another network than its ledgers: give another folder", dir)
	}
	receiver, err := p.state.account("fee-receiver")
	if err != nil {
		return stellar.Address{}, err
	}
	key, err := admin.key()
	if err != nil {
		return stellar.Address{}, err
	}
	code, hash, err := wasm.Escrow()
	if err != nil {
		return stellar.Address{}, err
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		return stellar.Address{}, err
	}
	plan := deploy.Plan{Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Salt: p.state.Salt, FeeBps: devFeeBps, Limits: deploy.DefaultLimits()}
	for _, a := range []struct {
		text string
		into *stellar.Address
	}{{admin.Address, &plan.Admin}, {receiver.Address, &plan.FeeReceiver}, {p.ready.USDC.Contract, &plan.Asset}} {
		if *a.into, err = stellar.ParseAddress(a.text); err != nil {
			return stellar.Address{}, err
		}
	}
	d, err := deploy.Deploy(ctx, &deploy.Sender{Client: p.client, Key: key}, plan)
	return d.Contract, err
}

// follow starts the indexer and, on its store, the api, and waits until what the chain holds so far can be read.
func (p *platform) follow(ctx context.Context, env environment, mux *http.ServeMux, db *sqlite.Store, network stellar.Network, contract stellar.Address) error {
	head, err := db.FeedHead(ctx)
	if err != nil {
		return err
	}
	x, err := indexer.New(indexer.Config{
		Network: network, Contracts: []indexer.Contract{{Address: contract, Start: p.state.Start}},
		Source: p.client, Store: db, Bus: feed.NewBus(head.Seq), Now: time.Now, Poll: devPoll, Log: env.log,
	})
	if err != nil {
		return err
	}
	p.indexer, p.store = x, db
	p.background(func() error { return x.Run(ctx) })

	usdc, err := stellar.ParseAddress(p.ready.USDC.Contract)
	if err != nil {
		return err
	}
	kept, err := p.client.Range(ctx)
	if err != nil {
		return err
	}
	p.submits = relayserver.New(relayserver.Config{Node: func() *rpc.Client { return p.client }, Transactions: db, Now: time.Now, Log: env.log})
	p.background(func() error { p.submits.Track(ctx); return nil })
	p.door.open(api.New(api.Deps{
		Trades: reads{db}, Transactions: prepared{db, time.Now}, Relay: p.submits, Network: network, Contract: contract,
		Assets: []stellar.Address{usdc}, Start: kept.Latest.Sequence, Stopping: ctx.Done(), Now: time.Now, Rand: rand.Reader, Log: env.log,
	}))
	mux.HandleFunc("GET "+indexPath, p.index)
	if _, err = x.WaitLedger(ctx, kept.Latest.Sequence); errors.Is(err, indexer.ErrStopped) {
		return fmt.Errorf("--data holds two networks: remove %s, it is made again from the ledgers, or give another folder (%s)", storeFile, x.Status().Err)
	}
	return err
}

// indexPath is where programs read what the ready line has said.
const indexPath = "/index.json"

// index tells programs where things are; secrets are in the terminal only.
func (p *platform) index(w http.ResponseWriter, _ *http.Request) {
	shown := p.ready
	shown.Accounts = make([]account, len(p.ready.Accounts))
	for i, a := range p.ready.Accounts {
		shown.Accounts[i] = account{Role: a.Role, Address: a.Address}
	}
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(shown) // the caller may be gone
}

// background runs a part until the platform is closed; if it ends with an error, wait returns that.
func (p *platform) background(run func() error) {
	done := make(chan struct{})
	p.stops = append(p.stops, func() error { <-done; return nil })
	go func() {
		defer close(done)
		if err := run(); err != nil {
			p.failed <- err
		}
	}()
}

// wait returns when ctx ends, or with what ended a part of the platform.
func (p *platform) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return err
	}
}

// close stops everything in the reverse of the order in which it was started.
func (p *platform) close() error {
	p.cancel()
	var errs []error
	for i := len(p.stops) - 1; i >= 0; i-- {
		errs = append(errs, p.stops[i]())
	}
	p.stops = nil
	return errors.Join(errs...)
}
