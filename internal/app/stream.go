package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/url"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/fanout"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// streamSettings say how several indexers tell each other of new entries of the feed.
type streamSettings struct {
	Redis             string `name:"redis" help:"URL of the Redis by which several indexers tell each other of new entries: redis://HOST:6379, or rediss:// for TLS. Without it each looks into the store every second." env:"REDIS_URL" placeholder:"URL"`
	RedisPasswordFile string `help:"File with its password; read again for each new connection." env:"REDIS_PASSWORD_FILE" placeholder:"FILE"`
}

// read checks them; password is nil if none is named.
func (c *streamSettings) read(from *storeSettings, now func() time.Time) (password *secret.File, err error) {
	if c.Redis == "" {
		return nil, nil
	}
	var errs [2]error
	if errs[0] = fanout.CheckURL(c.Redis); errs[0] != nil {
		errs[0] = fmt.Errorf("REDIS_URL: %w", errs[0])
	}
	if path := from.path(c.RedisPasswordFile, "REDIS_PASSWORD"); path != "" {
		password, errs[1] = secret.Open(secret.Need{Variable: "REDIS_PASSWORD_FILE", For: "the indexer's connections to Redis", Path: path}, now)
	} else {
		errs[1] = errors.New("REDIS_PASSWORD_FILE is not set: whoever reaches a Redis without a password can write into it; give it one, and name its file")
	}
	return password, errors.Join(errs[:]...)
}

// fanOut makes this replica's end; nil without Redis.
func (c *streamSettings) fanOut(s server, password *secret.File, db anyStore, bus *feed.Bus, log *slog.Logger) (*fanout.Fanout, error) {
	if c.Redis == "" {
		return nil, nil
	}
	return fanout.New(fanout.Config{URL: c.Redis, Password: password.Value, Name: s.deployment(), Store: db, Bus: bus, Log: log})
}

// deployment is a name for all processes that share a store: of the network, its contracts, and the database.
func (s *server) deployment() string {
	h := sha256.New()
	fmt.Fprintln(h, s.network.Passphrase())
	for _, c := range s.contracts {
		fmt.Fprintln(h, c.Address)
	}
	if u, err := url.Parse(s.database.Value().Reveal()); err == nil {
		fmt.Fprintln(h, u.Path, u.Opaque)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// streamed shows the feed to the relay's stream.
type streamed struct {
	store interface {
		feed.Reader
		FeedHead(ctx context.Context) (feed.Head, error)
	}
	bus *feed.Bus
}

var _ relay.StreamSource = streamed{}

// StreamHead implements relay.StreamSource.
func (s streamed) StreamHead(ctx context.Context) (int64, error) {
	head, err := s.store.FeedHead(ctx)
	return head.Seq, err
}

// StreamAfter implements relay.StreamSource.
func (s streamed) StreamAfter(ctx context.Context, after int64) iter.Seq2[relay.StreamEntry, error] {
	return func(yield func(relay.StreamEntry, error) bool) {
		for e, err := range feed.Follow(ctx, s.store, s.bus, after) {
			if !yield(relay.StreamEntry{Seq: e.Seq, Payload: e.Payload, Hash: e.Hash}, err) {
				return
			}
		}
	}
}
