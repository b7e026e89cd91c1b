package api

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/keys"
)

type requestIDKey struct{}

// requestID is the id under which this request's log lines stand; it goes out in X-Request-Id and in a problem's instance.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// edge wraps the routes with what holds for every request: an id, bounds, no panic that leaves, and problems instead of the mux's plain text.
type edge struct {
	mux     *http.ServeMux
	rand    io.Reader
	now     func() time.Time
	keys    Keys // nil: they are not looked at
	proxies []netip.Prefix
	metrics *Metrics
	log     *slog.Logger
}

func newEdge(mux *http.ServeMux, d Deps) *edge {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &edge{mux: mux, rand: d.Rand, now: d.Now, keys: d.Keys, proxies: d.Proxies, metrics: d.Metrics, log: d.Log}
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := e.newID()
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), requestIDKey{}, id), handleTimeout+maxWait)
	defer cancel()
	r = r.WithContext(ctx)
	h := w.Header()
	h.Set("X-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")

	rec := &recorder{ResponseWriter: w}
	start := e.now()
	defer e.metrics.began()()
	defer func() {
		if p := recover(); p != nil {
			// http.ErrAbortHandler is the server's own way to drop a connection.
			if p == http.ErrAbortHandler {
				panic(p)
			}
			e.log.ErrorContext(ctx, "panic while answering", "request", id, "method", r.Method, "path", r.URL.Path, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			if rec.status == 0 {
				writeProblem(rec, problemOf(ctx, kindInternal))
			}
		}
		took := e.now().Sub(start)
		e.metrics.answered(rec.pattern, r.Method, rec.status, rec.caller.Kind, took)
		e.log.DebugContext(ctx, "answered", "request", id, "method", r.Method, "path", r.URL.Path, "status", rec.status, "caller", rec.caller.Name, "took", took)
	}()
	e.serve(rec, r)
}

func (e *edge) serve(w *recorder, r *http.Request) {
	var refused *Problem
	if w.caller, refused = e.identify(r.Context(), r); refused != nil {
		writeProblem(w, refused)
		return
	}
	// A body that says it is too long is refused before a byte of it is read; one that does not say so ends at the limit.
	if r.ContentLength > maxBodyBytes {
		w.Header().Set("Connection", "close")
		writeProblem(w, problemOf(r.Context(), kindTooLarge))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes+1)

	handler, pattern := e.mux.Handler(r)
	w.pattern = pattern
	if pattern != "" {
		if f := ambiguous(r.URL.RawQuery); f != nil {
			p := problemOf(r.Context(), kindInvalid)
			p.Detail, p.Errors = f.Location+": "+f.Message, []FieldError{*f}
			writeProblem(w, p)
			return
		}
		if why := unreadable(r); why != "" {
			w.Header().Set("Accept-Encoding", "identity")
			p := problemOf(r.Context(), kindMediaType)
			p.Detail = why
			writeProblem(w, p)
			return
		}
		e.mux.ServeHTTP(w, r)
		return
	}
	// No route: the mux answers 404, or 405 with Allow, in plain text. Only its headers are kept.
	probe := &probe{header: w.Header()}
	handler.ServeHTTP(probe, r)
	w.Header().Del("Content-Type")
	if probe.status == http.StatusMethodNotAllowed {
		p := problemOf(r.Context(), kindMethod)
		p.Detail = fmt.Sprintf("%s is not possible on %s; it takes %s", r.Method, echo(r.URL.Path), w.Header().Get("Allow"))
		writeProblem(w, p)
		return
	}
	p := problemOf(r.Context(), kindNoRoute)
	p.Detail = fmt.Sprintf("there is nothing at %s", echo(r.URL.Path))
	writeProblem(w, p)
}

// ambiguous names what of a query two readers might understand in two ways: a parameter given twice, of which one would be ignored, or what is not even a
// list of parameters, of which all would be.
func ambiguous(query string) *FieldError {
	given, err := url.ParseQuery(query)
	if err != nil {
		return &FieldError{Location: "query", Message: "not a list of name=value with & between them, %-encoded", Value: echo(query)}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if n := len(given[name]); n > 1 {
			return &FieldError{Location: "query." + echo(name), Message: fmt.Sprintf("given %d times: give it once", n), Value: echo(strings.Join(given[name], ", "))}
		}
	}
	return nil
}

// unreadable says in which coding or charset a body is that would be read as plain UTF-8; empty if in none. Other media types huma refuses.
func unreadable(r *http.Request) string {
	if r.ContentLength == 0 {
		return ""
	}
	for _, coding := range strings.Split(strings.Join(r.Header.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return "Content-Encoding: " + echo(coding) + " is not undone here"
		}
	}
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset, given := parameters["charset"]; err == nil && given && !strings.EqualFold(charset, "utf-8") {
		return "charset " + echo(charset) + " in Content-Type: JSON is UTF-8"
	}
	return ""
}

func (e *edge) newID() string {
	var b [8]byte
	if _, err := io.ReadFull(e.rand, b[:]); err != nil {
		// An id only finds log lines again; a request is not refused for want of one.
		e.log.Error("no randomness for a request id", "err", err)
	}
	return hex.EncodeToString(b[:])
}

// recorder remembers whether an answer has begun, and to whom by which route.
type recorder struct {
	http.ResponseWriter
	status  int
	caller  keys.Caller
	pattern string // the mux's; empty for none
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// probe takes an answer's headers and status and drops its body.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }

// clip shortens what a client sent before it is repeated to it or logged.
func clip(s string) string { return clipTo(s, maxEchoBytes) }

func clipTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
