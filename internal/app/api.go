package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/keys"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// apiConfig is the target `api`: the public HTTP API. It has no way to the network but through the indexer.
type apiConfig struct {
	Listen         string   `help:"Address to serve on." env:"API_LISTEN" default:":4000"`
	Indexer        string   `help:"URL of the indexer, http://HOST:3000." env:"INDEXER_URL" placeholder:"URL"`
	Metrics        string   `name:"metrics-listen" help:"Address to serve /metrics on, for Prometheus and nobody else." env:"API_METRICS_LISTEN" default:":4001"`
	Asset          []string `help:"Contracts of the assets that the platform recommends, the first one first, with commas." env:"ASSETS" placeholder:"C…"`
	APIKeysFile    string   `name:"api-keys-file" help:"File with integrators' keys, a line each: NAME SHA256 [from=ADDRESS,NETWORK]. escrowctl keys new makes one." env:"API_KEYS_FILE" placeholder:"FILE"`
	AdminKeysFile  string   `name:"admin-keys-file" help:"File with administrators' keys, of the same form; each has from=." env:"ADMIN_KEYS_FILE" placeholder:"FILE"`
	Proxy          []string `help:"Addresses and networks of the proxies before the api, with commas: the caller's address is who connects, or whom one of these names in X-Forwarded-For." env:"TRUSTED_PROXIES" placeholder:"NETWORK"`
	JSON           bool     `name:"json" help:"Print one line of JSON when ready, for programs."`
	serverSettings `embed:""`

	// what the settings say
	server  server
	assets  []stellar.Address
	keys    keys.Ring
	proxies []netip.Prefix
}

// Validate reports everything that is wrong at once, each with the variable's name.
func (c *apiConfig) Validate() error {
	var assetsErr, serverErr, keysErr, proxiesErr error
	c.assets, assetsErr = assetContracts(c.Asset)
	c.server, serverErr = c.read("the api", time.Now)
	c.keys, keysErr = keys.Open(keys.Paths{API: c.path(c.APIKeysFile, "API_KEYS"), Admin: c.path(c.AdminKeysFile, "ADMIN_KEYS")}, time.Now)
	c.proxies, proxiesErr = proxyNetworks(c.Proxy)
	return errors.Join(checkListen("API_LISTEN", c.Listen), checkListen("API_METRICS_LISTEN", c.Metrics), c.checkIndexer(), assetsErr, serverErr, keysErr, proxiesErr)
}

// proxyNetworks reads where our own proxies are.
func proxyNetworks(texts []string) (all []netip.Prefix, err error) {
	for _, text := range texts {
		p, err := keys.Network(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES: %.60q: %w", text, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func (c *apiConfig) checkIndexer() error {
	u, err := url.Parse(c.Indexer)
	switch {
	case c.Indexer == "":
		return errors.New("INDEXER_URL is not set: the api reaches the network through the indexer; write http://HOST:3000")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/":
		return fmt.Errorf("INDEXER_URL=%s is not the URL of a server, such as http://indexer:3000", c.Indexer)
	}
	return nil
}

// assetContracts reads ASSETS.
func assetContracts(texts []string) (all []stellar.Address, err error) {
	for _, text := range texts {
		a, err := stellar.ParseAddress(text)
		if err != nil || !a.Contract {
			return nil, fmt.Errorf("ASSETS: %.60q is no contract's address (C…)", text)
		}
		all = append(all, a)
	}
	return all, nil
}

// apiReady is the line that tells programs where the api is.
type apiReady struct {
	API     string `json:"api"`
	Metrics string `json:"metrics"`
}

func (c *apiConfig) run(ctx context.Context, env environment) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := listen(ctx, "API_LISTEN", c.Listen)
	if err != nil {
		return err
	}
	defer closeOnError(&err, l)
	forPrometheus, err := listen(ctx, "API_METRICS_LISTEN", c.Metrics)
	if err != nil {
		return err
	}
	defer closeOnError(&err, forPrometheus)
	db, err := c.server.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	counts := api.NewMetrics()
	handler := api.New(api.Deps{
		Trades: reads{db}, Transactions: prepared{db, time.Now}, Relay: relay.NewClient(c.Indexer, c.server.relay.Values, time.Now, rand.Reader, nil), Network: c.server.network,
		Contract: c.server.contracts[0].Address, Assets: c.assets, Stopping: ctx.Done(), Now: time.Now, Rand: rand.Reader,
		Keys: c.keys, Proxies: c.proxies, Metrics: counts, Log: env.log,
	})
	secrets := c.secrets()
	metrics := apiMetrics(counts, secrets, db)
	g := &group{cancel: cancel}
	g.run(ctx, func(ctx context.Context) error {
		secrets.watch(ctx, env.log)
		return nil
	})
	g.run(ctx, func(ctx context.Context) error { return serve(ctx, l, handler) })
	g.run(ctx, func(ctx context.Context) error { return serve(ctx, forPrometheus, metrics) })
	if err := c.announce(env, "http://"+l.Addr().String(), "http://"+forPrometheus.Addr().String()+"/metrics"); err != nil {
		return errors.Join(err, g.stop())
	}
	return g.wait()
}

// secrets are all files that can change while the process runs.
func (c *apiConfig) secrets() rotation {
	files := watch(c.server.secrets()...)
	for _, f := range c.keys.Files() {
		files = append(files, f)
	}
	return rotation{files, time.Now}
}

// apiMetrics is what Prometheus is told, on a port of its own that nobody else reaches.
func apiMetrics(counts *api.Metrics, secrets rotation, db anyStore) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(counts, secrets, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if pooled, ok := db.(connected); ok {
		registry.MustRegister(connections{pooled})
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func (c *apiConfig) announce(env environment, at, metrics string) error {
	if c.JSON {
		return json.NewEncoder(env.stdout).Encode(apiReady{at + "/v1", metrics})
	}
	_, err := fmt.Fprintf(env.stdout, "The API is at %s/v1, described by %s/openapi.json; control-C stops it.\n", at, at)
	return err
}
