package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Deps is what the API works with. All fields from Assets on but Now and Rand may be left out.
type Deps struct {
	// Trades is what the indexer has projected so far.
	Trades Trades
	// Relay is the way to the network.
	Relay relay.Relay
	// Network is the one that Relay speaks to; ids and hashes are bound to it.
	Network stellar.Network
	// Contract is the contract that new trades are opened in.
	Contract stellar.Address
	// Assets are the contracts of the assets that the platform recommends, the first one first.
	Assets []stellar.Address
	// Transactions remembers what was prepared. Nil: the last 10,000, in this process.
	Transactions Transactions
	// Now is wall time: it bounds waits and the time bounds of prepared transactions. The rules of a trade use ledger time only.
	Now func() time.Time
	// Rand makes salts and request ids; it must be safe for concurrent use, as crypto/rand.Reader is.
	Rand io.Reader
	// Start is the network's newest ledger when this process started: what is asked before it has been read is refused, as a trade would seem not to exist.
	// 0: the first one that is seen.
	Start uint32
	// Stopping is closed when this process is about to end: whoever waits is answered at once. Nil: it never is.
	Stopping <-chan struct{}
	// Keys tells whose key a caller shows. Nil: keys are not looked at.
	Keys Keys
	// Proxies are the networks of our own proxies: what they say of whom they speak for is believed.
	Proxies []netip.Prefix
	// Metrics counts what is asked and answered. Nil counts nothing.
	Metrics *Metrics
	// Log takes one line for each request (debug) and each fault of ours (error). Nil logs nothing.
	Log *slog.Logger
}

// New is the whole API as a handler: routes, problems, and the bounds of bodies, lists, waits and handling. Bounds on headers, on reading and on
// idle connections are the server's that serves it.
func New(d Deps) http.Handler {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Transactions == nil {
		d.Transactions = NewMemory(maxPrepared)
	}
	if d.Metrics != nil {
		d.Relay = measured{d.Relay, d.Metrics, d.Now}
	}
	mux := http.NewServeMux()
	s := &server{Deps: d, assets: newAssets(d.Relay), readiness: readiness{first: d.Start}}
	api := newHuma(mux)
	s.register(api)
	serveDocument(mux, api)
	return newEdge(mux, d)
}

// server holds what handlers need. Its only state is a cache of what cannot change, and how far the network was seen to be.
type server struct {
	Deps
	assets    *assets
	readiness readiness
}

// newHuma is huma set up for this API: JSON only, our problems, unknown query parameters refused, no schema links in answers.
func newHuma(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig("StellarEscrow", "1")
	c.Info.Description = "Trades for Stellar assets under an escrow contract. Amounts are decimal strings in units of the asset, times RFC 3339, windows " +
		"seconds, ppm parts of 1,000,000 and always the seller's part. Nothing is signed for anyone: what is prepared is signed by its parties and comes back."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {
		Type: "http", Scheme: "bearer", Description: "Whose key it is. No route needs one so far; one that is not good is refused with 401, and with 403 from an address that it may not be used from.",
	}}
	c.Security = []map[string][]string{{}, {"key": {}}}
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.DocsPath, c.SchemasPath, c.OpenAPIPath = "", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	c.Formats = map[string]huma.Format{"application/json": {Marshal: marshal, Unmarshal: strictUnmarshal}, "json": {Marshal: marshal, Unmarshal: strictUnmarshal}}
	c.Transformers = []huma.Transformer{ownProblems}
	return humago.New(mux, c)
}

// widen makes the document say int64 for what Go keeps in a uint32: huma says int32, in which half of it has no room.
func widen(doc *huma.OpenAPI) {
	fit := func(schemas ...*huma.Schema) {
		for _, s := range schemas {
			if s != nil && s.Type == huma.TypeInteger && s.Format == "int32" {
				s.Format = "int64"
			}
		}
	}
	for _, schema := range doc.Components.Schemas.Map() {
		for _, field := range schema.Properties {
			fit(field, field.Items)
		}
	}
	for _, path := range doc.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				fit(p.Schema)
			}
		}
	}
}

// serveDocument serves the OpenAPI document. huma can do so itself, but writes it at the first request without a lock.
func serveDocument(mux *http.ServeMux, api huma.API) {
	for path, write := range map[string]func() ([]byte, error){"json": api.OpenAPI().MarshalJSON, "yaml": api.OpenAPI().YAML} {
		once := sync.OnceValues(write)
		mux.HandleFunc("GET /openapi."+path, func(w http.ResponseWriter, r *http.Request) {
			text, err := once()
			if err != nil {
				panic(err) // a fault of ours: the edge answers and logs it
			}
			w.Header().Set("Content-Type", "application/openapi+"+path)
			_, _ = w.Write(text) // the client may be gone
		})
	}
}

func marshal(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// permission is who may call a route.
type permission string

// In this form of the API everything is public: it shows what the chain shows, and prepares what only its parties can sign.
const public permission = "public"

// route is one line of the table in routes.go.
type route struct {
	method, path, id string
	who              permission
	summary          string
	description      string
	problems         []kind // besides those every route has
}

// handleAlways registers a route. Whatever f returns as an error leaves as a problem.
func handleAlways[I, O any](api huma.API, s *server, r route, f func(*server, context.Context, *I) (*O, error)) {
	r.problems = append(r.problems, kindInvalid) // a query parameter that no route knows
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Description: r.description,
		MaxBodyBytes: maxBodyBytes + 1, BodyReadTimeout: bodyReadTimeout,
		Extensions: map[string]any{"x-permission": string(r.who)},
		Responses:  problemResponses(api, r),
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(s, ctx, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}
