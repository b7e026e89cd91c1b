package fanout

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// Store is the part of the store that the fan-out needs.
type Store interface {
	// FeedHead is the last entry of the feed, the zero Head while there is none.
	FeedHead(ctx context.Context) (feed.Head, error)
}

// Config says which Redis and whose feed. URL, Name, Store and Bus are required.
type Config struct {
	// URL is redis://HOST:PORT/DB, or rediss:// for TLS; a user's name may stand in it, a password may not (CheckURL).
	URL string
	// Password is asked for each new connection; nil for a Redis that wants none.
	Password func() secret.Secret
	// Roots vouch for the server's certificate; nil stands for the system's.
	Roots *x509.CertPool
	// Name tells deployments apart that share a Redis. It is the same in all replicas of one: the network, and the database they store in.
	Name  string
	Store Store
	Bus   *feed.Bus    // told of what the store has, in this process
	Log   *slog.Logger // of each time that Redis is lost or found again; nil for none
}

// The pace. A Redis that is there and does not answer is found out after blockTime and answerTime; from then on the store is polled.
const (
	blockTime   = 250 * time.Millisecond // Redis waits so long for a message before it says that there is none
	answerTime  = 250 * time.Millisecond // beyond that, no answer is a failure
	connectTime = 2 * time.Second        // for whatever may need a new connection
	retryPause  = 250 * time.Millisecond // between attempts, while they fail

	pollDown  = 500 * time.Millisecond // between looks into the store while Redis cannot be used
	pollUp    = 5 * time.Second        // and while it can
	storeTime = 5 * time.Second        // for one look
	lookPause = 5 * time.Millisecond   // at least so long between two looks, however many messages come

	// A message may be ahead of the store that this replica reads. It is looked for again, at first after lagPause, then twice as long each time.
	lagPause = 5 * time.Millisecond
	lagTries = 8

	keptMessages = 16 // in the stream; only the newest one matters
)

// Fanout is one replica's end. It is safe for concurrent use.
type Fanout struct {
	config  Config
	options *redis.Options
	key     string
	metrics *metrics

	newest atomic.Int64  // what is to be published: only the newest head matters, so the queue is of one
	fresh  chan struct{} // newest has changed

	told  atomic.Int64  // the newest head that a message has spoken of and the store has not shown yet; 0 for none
	heard chan struct{} // a message has come
	turns chan struct{} // Redis was lost, or found

	mu       sync.Mutex
	failures map[part]error // how each part went the last time; a part that has not been tried is not in it
	state    state
}

// state is whether Redis is of use.
type state string

const (
	starting state = "" // not known yet
	up       state = "up"
	down     state = "down"
)

// part is one of the things that can fail by itself.
type part string

const (
	reading    part = "read"    // Redis
	publishing part = "publish" // Redis
	looking    part = "store"
)

// New checks the configuration; Run connects.
func New(c Config) (*Fanout, error) {
	options, err := options(c)
	if err != nil {
		return nil, err
	}
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	if c.Store == nil || c.Bus == nil {
		return nil, errors.New("make the fan-out: it needs a store and a bus")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	// The client would write to standard error whatever the program does with its log. What it has to say, each of its errors says too.
	logging.Disable()
	return &Fanout{
		config: c, options: options, key: "stellarescrow:feed:" + c.Name, metrics: newMetrics(), failures: map[part]error{},
		fresh: make(chan struct{}, 1), heard: make(chan struct{}, 1), turns: make(chan struct{}, 1),
	}, nil
}

// Publish says that the entries up to head are stored: to readers in this process at once, to other replicas by and by. It never waits and
// never fails; what cannot be sent now is sent later, unless a newer head has taken its place.
func (f *Fanout) Publish(head int64) {
	f.config.Bus.Publish(head)
	if raise(&f.newest, head) {
		signal(f.fresh)
	}
}

// Wait returns the head as soon as it is above after, or ctx's error: feed.Bus of this process.
func (f *Fanout) Wait(ctx context.Context, after int64) (int64, error) {
	return f.config.Bus.Wait(ctx, after)
}

// Up tells whether Redis is of use at present.
func (f *Fanout) Up() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state == up
}

// Run hears and publishes until ctx ends. It is called once.
func (f *Fanout) Run(ctx context.Context) {
	client := redis.NewClient(f.options)
	// The client does not watch a context while it waits for an answer: closing it ends the wait.
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { f.read(ctx, client) })
	all.Go(func() { f.publish(ctx, client) })
	all.Go(func() { f.look(ctx) })
	all.Wait()
	_ = client.Close() // as a rule it is closed already
}

// attempted notes how something went, and tells the log and the poll when Redis was lost or found by it.
func (f *Fanout) attempted(ctx context.Context, what part, err error) {
	if ctx.Err() != nil {
		return // we are leaving: that is no failure
	}
	if err != nil {
		f.metrics.failures.WithLabelValues(string(what)).Inc()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures[what] = err
	now := up
	if f.failures[reading] != nil || f.failures[publishing] != nil {
		now = down
	}
	if _, tried := f.failures[reading]; !tried || now == f.state {
		return
	}
	f.state = now
	if now == up {
		f.config.Log.Info("redis tells of new entries of the feed")
	} else {
		f.config.Log.Warn("redis cannot be used: the store is asked for new entries of the feed", "err", errors.Join(f.failures[reading], f.failures[publishing]))
	}
	signal(f.turns)
}

// Describe implements prometheus.Collector.
func (f *Fanout) Describe(to chan<- *prometheus.Desc) { f.metrics.describe(to) }

// Collect implements prometheus.Collector.
func (f *Fanout) Collect(to chan<- prometheus.Metric) { f.metrics.collect(f.Up(), to) }

// raise sets a to n if that is more.
func raise(a *atomic.Int64, n int64) bool {
	for {
		was := a.Load()
		if n <= was {
			return false
		}
		if a.CompareAndSwap(was, n) {
			return true
		}
	}
}

// signal wakes whoever waits, or will.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause ends with the time or the context.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
