package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// StreamHandler serves the live stream of source at StreamPath to whoever knows the keys. Streams end in order when stopping is closed, so
// that a server which shuts down need not wait for them; a reader that is slow or gone is cut off. It bounds its own time, whatever the
// server's WriteTimeout is.
func StreamHandler(source StreamSource, keys Keys, now func() time.Time, stopping <-chan struct{}, log *slog.Logger) http.Handler {
	return newStreams(source, keys, now, stopping, log, pace{beat: streamBeat, write: streamWrite, age: streamAge}, maxStreams)
}

// pace is how fast things happen on a stream.
type pace struct{ beat, write, age time.Duration }

type streams struct {
	source   StreamSource
	keys     Keys
	now      func() time.Time
	stopping <-chan struct{}
	log      *slog.Logger
	pace     pace
	seen     *seen
	slots    chan struct{} // one for each that is open
}

func newStreams(source StreamSource, keys Keys, now func() time.Time, stopping <-chan struct{}, log *slog.Logger, p pace, most int) *streams {
	return &streams{source: source, keys: keys, now: now, stopping: stopping, log: log, pace: p, seen: &seen{}, slots: make(chan struct{}, most)}
}

// ServeHTTP implements http.Handler.
func (s *streams) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxStreamCall))
	if err != nil {
		http.Error(w, "the call could not be read", http.StatusBadRequest)
		return
	}
	key, err := s.seen.verify(req, s.keys.known(), s.now(), body)
	if err != nil {
		s.log.Warn("a call for the stream was refused", "from", req.RemoteAddr, "err", err)
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.refuse(w, req, key, fmt.Errorf("%d streams are open, and no more are served: %w", cap(s.slots), ErrUnavailable))
		return
	}
	after, err := s.from(req, body)
	if err != nil {
		s.refuse(w, req, key, err)
		return
	}
	out := &answering{to: w, control: http.NewResponseController(w), key: &lineKey{key: key, nonce: req.Header.Get(headerNonce)}, last: after, within: s.pace.write}
	if err := s.run(req.Context(), out); err != nil {
		s.log.Warn("a reader of the stream was cut off", "from", req.RemoteAddr, "err", err)
	}
}

// from is the entry after which the stream begins.
func (s *streams) from(req *http.Request, body []byte) (int64, error) {
	var call streamCall
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&call); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if req.Method != http.MethodPost || req.URL.Path != StreamPath || call.After < 0 {
		return 0, fmt.Errorf("%s after entry %d: no call for the stream: %w", req.Method, call.After, ErrInvalid)
	}
	select {
	case <-s.stopping:
		return 0, fmt.Errorf("the indexer is about to stop: %w", ErrUnavailable)
	default:
	}
	head, err := s.source.StreamHead(req.Context())
	if err != nil {
		s.log.Warn("a reader of the stream was sent away: the feed cannot be read", "err", err)
		return 0, fmt.Errorf("ask for the feed's head: %w: %w", ErrUnavailable, err)
	}
	if call.After > head {
		// To wait until the feed has grown so far would hide that what the caller knows is not in our store.
		return 0, fmt.Errorf("entry %d does not exist, the feed ends with entry %d: %w", call.After, head, ErrUnavailable)
	}
	return call.After, nil
}

// refuse answers a call that has proven itself with an error of one of the kinds, signed as answers are.
func (s *streams) refuse(w http.ResponseWriter, req *http.Request, key secret.Secret, err error) {
	f, status := failure{Detail: "the indexer has made a mistake; its log says more"}, http.StatusInternalServerError
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			f, status = failure{Kind: k.name, Detail: err.Error()}, k.status
		}
	}
	if f.Kind == "" && req.Context().Err() == nil {
		s.log.Error("a call for the stream has failed", "err", err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		raw = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(headerSignature, answerSignature(key, req.Header.Get(headerNonce), status, raw))
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the caller may be gone
}

// flushAfter is how many lines are written before they are sent, while more are at hand.
const flushAfter = 64

// run writes entries as they come. The error is why the reader was cut off: a fault of ours, or its slowness; not that it has left.
func (s *streams) run(ctx context.Context, out *answering) error {
	ctx, cancel := context.WithCancel(ctx)
	type item struct {
		entry StreamEntry
		err   error
	}
	next := make(chan item, flushAfter)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer cancel()
	reader.Go(func() {
		defer close(next)
		for e, err := range s.source.StreamAfter(ctx, out.last) {
			select {
			case next <- item{e, err}:
			case <-ctx.Done():
				return
			}
		}
	})
	beat := time.NewTicker(s.pace.beat)
	defer beat.Stop()
	old := time.NewTimer(s.pace.age)
	defer old.Stop()
	// At once: the caller learns that it speaks with the indexer.
	out.begin()
	if err := errors.Join(out.say(streamLine{Kind: lineBeat}), out.flush()); err != nil {
		return unlessLeft(err)
	}
	for unsent := 0; ; {
		var err error
		select {
		case i, more := <-next:
			if ctx.Err() != nil {
				return nil
			}
			if !more {
				return fmt.Errorf("read the feed after entry %d: it has ended", out.last)
			}
			if i.err != nil {
				return fmt.Errorf("read the feed after entry %d: %w", out.last, i.err)
			}
			l, err := lineOf(i.entry)
			if err == nil {
				err = l.follows(out.last)
			}
			if err != nil {
				return err
			}
			if err := out.say(l); err != nil {
				return unlessLeft(err)
			}
			if unsent++; unsent < flushAfter && len(next) > 0 {
				continue
			}
			unsent = 0
		case <-beat.C:
			err = out.say(streamLine{Kind: lineBeat})
		case <-s.stopping:
			return unlessLeft(out.end("the indexer stops"))
		case <-old.C:
			return unlessLeft(out.end("the stream has been open for long"))
		case <-ctx.Done():
			return nil
		}
		if err = errors.Join(err, out.flush()); err != nil {
			return unlessLeft(err)
		}
	}
}

// unlessLeft is nil for a reader that has left: of what can go wrong while writing, that alone is nobody's fault.
func unlessLeft(err error) error {
	for _, fault := range []error{os.ErrDeadlineExceeded, http.ErrNotSupported, errUnsendable} {
		if errors.Is(err, fault) {
			return err
		}
	}
	return nil
}

// answering writes the lines of one answer.
type answering struct {
	to      http.ResponseWriter
	control *http.ResponseController
	key     *lineKey
	last    int64 // the last entry's number
	within  time.Duration
}

// begin names what follows.
func (a *answering) begin() {
	a.to.Header().Set("Content-Type", "application/x-ndjson")
	a.to.Header().Set("Cache-Control", "no-store")
	a.to.Header().Set("Connection", "close") // our bound of its writes would stay with it
}

// say writes a line; beat and end are about the last entry.
func (a *answering) say(l streamLine) error {
	if l.Kind != lineEntry {
		l.Seq = a.last
	}
	text, err := a.key.write(l)
	if err != nil {
		return err
	}
	// The server's own bound is for answers that end: it gives way to ours, which gives the reader time for this line.
	if err := a.control.SetWriteDeadline(time.Now().Add(a.within)); err != nil {
		return err
	}
	if _, err := a.to.Write(text); err != nil {
		return err
	}
	a.last = l.Seq
	return nil
}

func (a *answering) flush() error { return a.control.Flush() }

// end says that nothing follows.
func (a *answering) end(why string) error {
	return errors.Join(a.say(streamLine{Kind: lineEnd, Why: why}), a.flush())
}
