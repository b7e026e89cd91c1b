package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/Abdullahi130/StellarEscrow/nginx/refusals"
)

// refusalsConfig is the target `refusals`: it counts for Prometheus what nginx refuses by itself, beside nginx (docs/guide.md M3, M6, M7).
type refusalsConfig struct {
	Hear   string `help:"Loopback address to hear nginx's datagrams on; nginx/include/logs.conf names it." env:"REFUSALS_HEAR" default:"127.0.0.1:5140"`
	Listen string `help:"Address to serve /metrics and /healthz on." env:"REFUSALS_LISTEN" default:":9145"`
	JSON   bool   `name:"json" help:"Print one line of JSON when ready, for programs."`
}

// Validate refuses what is no address, and a place to hear that others reach: whoever does can count anything.
func (c *refusalsConfig) Validate() error {
	if err := checkListen("REFUSALS_LISTEN", c.Listen); err != nil {
		return err
	}
	if host, _, err := net.SplitHostPort(c.Hear); err != nil || net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback() {
		return fmt.Errorf("REFUSALS_HEAR=%s is not a loopback address with a port, such as 127.0.0.1:5140: whoever reaches it can count anything", c.Hear)
	}
	return nil
}

// refusalsReady is the line that tells programs where it hears and serves.
type refusalsReady struct {
	Hears   string `json:"hears"`
	Metrics string `json:"metrics"`
}

func (c *refusalsConfig) run(ctx context.Context, env environment) (err error) {
	l, err := listen(ctx, "REFUSALS_LISTEN", c.Listen)
	if err != nil {
		return err
	}
	defer closeOnError(&err, l)
	hears, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", c.Hear)
	if err != nil {
		return fmt.Errorf("REFUSALS_HEAR=%s: %w", c.Hear, err)
	}
	counter, registry := refusals.NewCounter(), prometheus.NewRegistry()
	registry.MustRegister(counter)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	if err := c.announce(env, hears.LocalAddr().String(), "http://"+l.Addr().String()+"/metrics"); err != nil {
		hears.Close()
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := &group{cancel: cancel}
	g.run(ctx, func(ctx context.Context) error { return counter.Receive(ctx, hears) })
	g.run(ctx, func(ctx context.Context) error { return serve(ctx, l, mux) })
	return g.wait()
}

func (c *refusalsConfig) announce(env environment, hears, metrics string) error {
	if c.JSON {
		return json.NewEncoder(env.stdout).Encode(refusalsReady{hears, metrics})
	}
	_, err := fmt.Fprintf(env.stdout, "What nginx refuses is heard on %s and counted at %s. Control-C stops it.\n", hears, metrics)
	return err
}
