package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is one schema of a database. Its methods may be called by several goroutines, and several processes may have it open.
type Store struct {
	pool *pgxpool.Pool
	name string // host:port/database, for messages
}

// Options say where the database is and who asks.
type Options struct {
	// URL is postgres://user@host:port/database?sslmode=…, or the same as key=value pairs.
	URL string
	// Password, unless nil, is asked for each new connection, and what it returns is used instead of the URL's: a password that has been
	// changed is known without a restart, and connections that are open stay.
	Password func(context.Context) (string, error)
	// Connections is the most that are open at once; 0 is 10.
	Connections int

	// tracer watches the statements; for tests.
	tracer pgx.QueryTracer
}

const (
	oldestServer      = 150000
	connectTimeout    = 10 * time.Second
	defaultConns      = 10
	pingTimeout       = 5 * time.Second
	maxConnLifetime   = time.Hour // so that a password that was withdrawn opens nothing for longer
	maxConnIdle       = 5 * time.Minute
	idleInTransaction = "60000" // ms; a client that hangs between two statements gives its locks back
)

// ErrUnfit is returned by Open for a server or database that cannot keep what the store promises.
var ErrUnfit = errors.New("not fit for this program")

// Open connects to the database and migrates it to the newest schema; an empty one is filled. It changes nothing in a schema that is not
// ours (store.ErrForeign), that a newer program has migrated further than this one knows (store.ErrNewer), or on a server that is too old or set up so
// that something would be lost (ErrUnfit). No error says the password.
func Open(ctx context.Context, o Options) (*Store, error) {
	config, err := configure(o)
	if err != nil {
		return nil, err
	}
	s := &Store{name: fmt.Sprintf("%s:%d/%s", config.ConnConfig.Host, config.ConnConfig.Port, config.ConnConfig.Database)}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, s.open(err)
	}
	if err := s.prepare(ctx); err != nil {
		s.pool.Close()
		return nil, err
	}
	return s, nil
}

// Close waits for what is running and closes all connections.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Connections are how many connections are in use, and how many there can be.
func (s *Store) Connections() (active, most int) {
	stat := s.pool.Stat()
	return int(stat.AcquiredConns()), int(stat.MaxConns())
}

func (s *Store) prepare(ctx context.Context) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.open(err)
	}
	defer conn.Release()
	if err := s.fit(ctx, conn.Conn()); err != nil {
		return err
	}
	return s.migrate(ctx, conn.Conn())
}

// fit refuses a server on which something would fail, or be lost, only later.
func (s *Store) fit(ctx context.Context, conn *pgx.Conn) error {
	var f facts
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('synchronous_commit'),
		coalesce(current_schema(), ''), pg_is_in_recovery()`).Scan(&f.version, &f.encoding, &f.durable, &f.schema, &f.standby); err != nil {
		return s.open(err)
	}
	return f.fit(s.name)
}

// facts are what a store depends on.
type facts struct {
	version           int
	encoding, durable string
	schema            string // the first of the search_path that exists
	standby           bool
}

func (f facts) fit(name string) error {
	switch {
	case f.version < oldestServer:
		return fmt.Errorf("database %s is on PostgreSQL %d, this program needs %d or newer: %w; upgrade the server", name, f.version/10000, oldestServer/10000, ErrUnfit)
	case f.standby:
		return fmt.Errorf("database %s is a standby that cannot be written: %w; name the primary", name, ErrUnfit)
	case f.encoding != "UTF8":
		return fmt.Errorf("database %s has encoding %s: %w; make it anew with ENCODING 'UTF8'", name, f.encoding, ErrUnfit)
	case f.durable == "off":
		// An entry of the feed that a subscriber has seen must be there after a power cut, too.
		return fmt.Errorf("database %s has synchronous_commit off: %w; switch it on for this user (ALTER ROLE … SET synchronous_commit = on)", name, ErrUnfit)
	case f.schema == "":
		return fmt.Errorf("database %s has no schema of the user's search_path: %w; make one (CREATE SCHEMA …), or set the search_path to one", name, ErrUnfit)
	}
	return nil
}

// CheckURL says what is wrong with a URL, as far as that can be seen without asking it; the error does not repeat it.
func CheckURL(url string) error {
	_, err := configure(Options{URL: url})
	return err
}

// configure makes the pool's configuration. The reader's own words about a URL that it cannot read are left out: they quote it.
func configure(o Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("the database URL cannot be read; write postgres://user@host:port/database, with % codes for characters such as / @ : # in a name or password, and an sslmode that PostgreSQL knows")
	}
	conn := config.ConnConfig
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = connectTimeout
	}
	if _, set := conn.RuntimeParams["application_name"]; !set {
		conn.RuntimeParams["application_name"] = "stellarescrow"
	}
	conn.RuntimeParams["idle_in_transaction_session_timeout"] = idleInTransaction
	for _, name := range []string{
		// Each statement is written for one index. The planner would go by a young table's statistics, read the whole of it, and keep
		// that plan while the table grows.
		"enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin", "enable_mergejoin",
		"jit", // compiling costs more than any of these statements
	} {
		conn.RuntimeParams[name] = "off"
	}
	conn.Tracer = o.tracer
	config.MaxConns = defaultConns
	if o.Connections > 0 {
		config.MaxConns = int32(min(o.Connections, 10_000))
	}
	config.MaxConnLifetime, config.MaxConnLifetimeJitter, config.MaxConnIdleTime, config.PingTimeout = maxConnLifetime, maxConnLifetime/10, maxConnIdle, pingTimeout
	if o.Password != nil {
		config.BeforeConnect = func(ctx context.Context, cc *pgx.ConnConfig) error {
			password, err := o.Password(ctx)
			if err != nil {
				return fmt.Errorf("read the database password: %w", err)
			}
			cc.Password = password
			return nil
		}
	}
	return config, nil
}

// open says what went wrong with the first connection, in one line, and what to do.
func (s *Store) open(err error) error {
	next := "see that it runs and that this machine reaches it"
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case strings.HasPrefix(pg.Code, "28"): // invalid_authorization_specification
			next = "check the user and the password"
		case pg.Code == "3D000": // invalid_catalog_name
			next = "make the database, or name another"
		case pg.Code == "42501": // insufficient_privilege
			next = "grant the user USAGE and CREATE on the schema"
		case pg.Code == "53300": // too_many_connections
			next = "raise max_connections, or let fewer programs connect"
		}
	}
	return fmt.Errorf("open database %s: %w; %s", s.name, oneLine{err}, next)
}

// oneLine shows an error without the line breaks that the driver puts between several addresses' answers.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

func (e oneLine) Unwrap() error { return e.error }
