package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// indexerConfig is the target `indexer`: it follows the contracts, and is the only way out to the network.
type indexerConfig struct {
	Listen         string        `help:"Address to serve the relay, readiness and metrics on." env:"INDEXER_LISTEN" default:":3000"`
	Poll           time.Duration `help:"How long to wait at the newest ledger between two questions." env:"INDEXER_POLL" default:"1s"`
	VerifyLedgers  bool          `help:"Read whole ledgers (getLedgers) instead of events, and check every hash in them: slower, and no node has to be believed." env:"INDEXER_VERIFY"`
	LedgerFiles    string        `help:"Folder of ledger files (SEP-54) that is read for what no node keeps any more." env:"LEDGER_FILES" placeholder:"DIR"`
	VerifyEvery    time.Duration `help:"How often what is stored is compared with the contracts' own entries; 0 for never." env:"VERIFY_EVERY" default:"1h"`
	SecondRPC      string        `name:"second-rpc" help:"Another Stellar RPC server, of somebody else, that balances are read from too." env:"SECOND_RPC_URL" placeholder:"URL"`
	Asset          []string      `help:"Contracts of the assets in whose trades what traders do is sponsored, with commas." env:"ASSETS" placeholder:"C…"`
	LedgerClock    bool          `help:"Judge by the ledgers' time how long a transaction is good, where that clock can be moved: for a local network, and for none else." env:"LEDGER_CLOCK"`
	JSON           bool          `name:"json" help:"Print one line of JSON when ready, for programs."`
	nodeSettings   `embed:""`
	streamSettings `embed:""`
	spendSettings  `embed:""`
	serverSettings `embed:""`

	// what the settings say
	server   server
	urls     []string
	assets   []stellar.Address
	spending spending
	redis    *secret.File
	second   *rpc.Client // nil for none
}

// Validate reports everything that is wrong at once, each with the variable's name.
func (c *indexerConfig) Validate() error {
	var errs [9]error
	c.urls, errs[0] = c.nodeURLs(&c.storeSettings)
	if c.Poll < 10*time.Millisecond || c.Poll > time.Minute {
		errs[1] = fmt.Errorf("INDEXER_POLL=%s is not between 10ms and 1m", c.Poll)
	}
	c.server, errs[2] = c.serverSettings.read("the indexer", time.Now)
	if c.VerifyEvery != 0 && c.VerifyEvery < time.Second {
		errs[3] = fmt.Errorf("VERIFY_EVERY=%s is not 0 or at least 1s", c.VerifyEvery)
	}
	c.redis, errs[4] = c.streamSettings.read(&c.storeSettings, time.Now)
	c.spending, errs[5] = c.spendSettings.read(&c.storeSettings, time.Now)
	c.assets, errs[6] = assetContracts(c.Asset)
	if c.spending.feeKey != nil && len(c.assets) == 0 && errs[6] == nil {
		errs[6] = errors.New("ASSETS is not set: what is sponsored are trades in listed assets; name their contracts (C…)")
	}
	if c.second, errs[7] = secondNode(c.SecondRPC, c.server.network); c.server.network == (stellar.Network{}) {
		errs[7] = nil // what is wrong with the passphrase is said already
	}
	if c.LedgerFiles != "" {
		if info, err := os.Stat(c.LedgerFiles); err != nil || !info.IsDir() {
			errs[8] = fmt.Errorf("LEDGER_FILES=%s is not a folder that can be read: name the one with .config.json in it", c.LedgerFiles)
		}
	}
	return errors.Join(append(errs[:], checkListen("INDEXER_LISTEN", c.Listen))...)
}

// indexerReady is the line that tells programs where the indexer is.
type indexerReady struct {
	Indexer string `json:"indexer"`
}

func (c *indexerConfig) run(ctx context.Context, env environment) (err error) {
	indexer.LimitMemory()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := listen(ctx, "INDEXER_LISTEN", c.Listen)
	if err != nil {
		return err
	}
	defer closeOnError(&err, l)
	nodes, err := nodesOf(c.urls, c.server.network)
	if err != nil {
		return err
	}
	db, err := c.server.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ledgers, closeFiles, err := c.pooled(nodes, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFiles()) }()
	head, err := db.FeedHead(ctx)
	if err != nil {
		return err
	}
	bus := feed.NewBus(head.Seq)
	others, err := c.fanOut(c.server, c.redis, db, bus, env.log)
	if err != nil {
		return err
	}
	config := indexer.Config{
		Network: c.server.network, Contracts: c.server.contracts, Source: ledgers, Store: db, Bus: bus, Now: time.Now, Poll: c.Poll, Log: env.log,
	}
	if others != nil {
		config.Publish = others.Publish
	}
	x, err := indexer.NewReplica(config)
	if err != nil {
		return err
	}
	node := inUse(ledgers, nodes)
	door := relayserver.New(relayserver.Config{Node: node, Transactions: db, Now: time.Now, Log: env.log})
	pays, err := newSpender(c.spending, spends{
		network: c.server.network, contracts: addresses(c.server.contracts), assets: c.assets, door: door, node: node, db: db, replica: x, now: c.clock(node), log: env.log,
	})
	if err != nil {
		return err
	}
	verify := c.comparing(x, node, db, env)
	secrets := rotation{watch(append(append(c.server.secrets(), c.spending.files()...), filesOf(c.redis)...)...), time.Now}
	registry := prometheus.NewRegistry()
	registry.MustRegister(x, ledgers, secrets, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if pooled, ok := db.(connected); ok {
		registry.MustRegister(connections{pooled})
	}
	register(registry, others, verify, pays.keeper, pays.sponsor)

	g := &group{cancel: cancel}
	g.background(ctx, ledgers.Run, x.Stand, door.Track, func(ctx context.Context) { secrets.watch(ctx, env.log) })
	if others != nil {
		g.background(ctx, others.Run)
	}
	g.background(ctx, pays.runs()...)
	g.run(ctx, func(ctx context.Context) error {
		// One that must not go on stays to say why, on /readyz: started again it would say the same, and nobody could read it.
		work := leader{follow: x, verify: verify, keeper: pays.keeper, log: env.log}
		lost := func(err error) {
			x.NoLead(err)
			env.log.Error("the lead was lost, or cannot be had", "err", err)
		}
		if err := db.Lead(ctx, work.run, lost); !errors.Is(err, indexer.ErrStopped) {
			return err
		}
		<-ctx.Done()
		return nil
	})
	g.run(ctx, func(ctx context.Context) error {
		mux := http.NewServeMux()
		mux.Handle("/", indexer.Handler(readiness(x, ledgers, pays), relay.Handler(pays.over(door), c.server.relay.Values, time.Now, env.log), registry))
		mux.Handle(relay.StreamPath, relay.StreamHandler(streamed{db, bus}, c.server.relay.Values, time.Now, ctx.Done(), env.log))
		return serve(ctx, l, mux)
	})
	if err := c.announce(env, "http://"+l.Addr().String()); err != nil {
		return errors.Join(err, g.stop())
	}
	return g.wait()
}

// clock is what keys judge by how long a transaction is good. Of a network whose clock is moved a node is asked each time.
func (c *indexerConfig) clock(node func() *rpc.Client) func() time.Time {
	if !c.LedgerClock {
		return time.Now
	}
	return func() time.Time { return ledgerClock(node())() }
}

// ledgerClock is the time of a node's newest ledger, or of this machine where it does not tell: a key then refuses what is too far ahead of that.
func ledgerClock(node *rpc.Client) func() time.Time {
	return func() time.Time {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		kept, err := node.Range(ctx)
		if err != nil {
			return time.Now()
		}
		return time.Unix(int64(kept.Latest.CloseTime), 0)
	}
}

// comparing is the comparison on a schedule; nil for none.
func (c *indexerConfig) comparing(x *indexer.Replica, node func() *rpc.Client, db anyStore, env environment) *reconcile.Watch {
	if c.VerifyEvery == 0 {
		return nil
	}
	return reconcile.NewWatch(reconcile.Schedule{
		Every: c.VerifyEvery, Note: x.Note, Now: time.Now, Log: env.log,
		Compare: func(ctx context.Context) (reconcile.Report, error) {
			return reconcile.Run(ctx, comparison{node: node(), second: c.second, db: db, ended: scheduledEnded, timeout: scheduledWait}.config())
		},
	})
}

func (c *indexerConfig) announce(env environment, at string) error {
	if c.JSON {
		return json.NewEncoder(env.stdout).Encode(indexerReady{at})
	}
	_, err := fmt.Fprintf(env.stdout, "The indexer follows; %s/readyz says how far, control-C stops it.\n", at)
	return err
}

// pooled makes one source of several nodes, and of recorded files for what they no longer have. close is for the files.
func (c *indexerConfig) pooled(nodes []*rpc.Client, env environment) (_ *pool.Pool, closeFiles func() error, err error) {
	var endpoints []pool.Endpoint
	for _, n := range nodes {
		e := pool.Endpoint{Name: n.Host(), Source: n}
		if c.VerifyLedgers {
			e.Source = source.NewLedgers(c.server.network, n, source.NewChain())
		}
		endpoints = append(endpoints, e)
	}
	closeFiles = func() error { return nil }
	if c.LedgerFiles != "" {
		f, err := files.Open(c.server.network, os.DirFS(c.LedgerFiles), source.NewChain())
		if err != nil {
			return nil, nil, fmt.Errorf("LEDGER_FILES=%s: %w", c.LedgerFiles, err)
		}
		closeFiles = f.Close
		endpoints = append(endpoints, pool.Endpoint{Name: "files", Source: f})
	}
	p, err := pool.New(pool.Config{Endpoints: endpoints, Now: time.Now, Log: env.log})
	if err != nil {
		return nil, nil, errors.Join(err, closeFiles())
	}
	return p, closeFiles, nil
}

// inUse tells which node the relay asks: the one that gives the indexer its ledgers, so that both switch together.
func inUse(ledgers *pool.Pool, nodes []*rpc.Client) func() *rpc.Client {
	return func() *rpc.Client {
		for i, n := range ledgers.Status().Nodes {
			if n.Current && i < len(nodes) { // files take no transactions
				return nodes[i]
			}
		}
		return nodes[0]
	}
}
