package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Snapshot is one moment of a database, however much is written meanwhile: what a backup reads. Rows are copied over one connection and trades are read
// over another that was given the same moment, so that both can go on at once. It changes nothing, not even the schema of an older program.
type Snapshot struct {
	store *Store
	facts SnapshotFacts

	conns         []*pgxpool.Conn
	copies, reads pgx.Tx
	tables        []Table
}

// SnapshotFacts are what a snapshot is of.
type SnapshotFacts struct {
	Server string // PostgreSQL's version, as it says it
	Schema int    // the last migration
}

// Table is a table with its columns in their order, without those that the server computes.
type Table struct {
	Name    string
	Columns []string
}

// snapshotSettings are those of its connections, beside those of every other. What is copied must not depend on how somebody has set up the user.
var snapshotSettings = map[string]string{
	"timezone": "UTC", "datestyle": "ISO, YMD", "intervalstyle": "postgres", "extra_float_digits": "3", "bytea_output": "hex",
	"row_security":      "off",   // rows that the user may not see are an error, and not left out
	"statement_timeout": "0",     // a large table takes long
	"lock_timeout":      "60000", // ms; nobody holds a table for longer but in a migration
	// One connection may wait for the other, or for whoever takes the rows, and a client that is gone is found out by the line itself.
	"idle_in_transaction_session_timeout": "0", "tcp_keepalives_idle": "60", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "6",
}

// beginTries is how often a moment is taken again because tables were made or changed in it.
const beginTries = 5

// OpenSnapshot takes the moment. It returns store.ErrForeign for a schema that is not ours, store.ErrNewer for one that a newer program has migrated,
// ErrUnfit for one that this program has not migrated yet, store.ErrUnavailable if the server cannot be asked. No error says the password.
//
// While it is open nobody can change the tables themselves: a migration waits, a rebuild gives up.
func OpenSnapshot(ctx context.Context, o Options) (_ *Snapshot, err error) {
	o.Connections = 2
	config, err := configure(o)
	if err != nil {
		return nil, err
	}
	conn := config.ConnConfig
	for name, value := range snapshotSettings {
		conn.RuntimeParams[name] = value
	}
	s := &Snapshot{store: &Store{name: fmt.Sprintf("%s:%d/%s", conn.Host, conn.Port, conn.Database)}}
	if s.store.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, unavailable(s.store.open(err))
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	for range o.Connections {
		c, err := s.store.pool.Acquire(ctx)
		if err != nil {
			return nil, unavailable(s.store.open(err))
		}
		s.conns = append(s.conns, c)
	}
	if err := s.fit(ctx, s.conns[0]); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		steady, err := s.begin(ctx, s.conns[0])
		if err != nil {
			return nil, fmt.Errorf("take a moment of database %s: %w", s.store.name, unavailable(err))
		}
		if steady {
			break
		}
		if try == beginTries {
			return nil, fmt.Errorf("take a moment of database %s: its tables were changed %d times meanwhile; wait until whoever migrates or rebuilds it is done", s.store.name, try)
		}
	}
	if err := s.share(ctx, s.conns[1]); err != nil {
		return nil, fmt.Errorf("share a moment of database %s: %w", s.store.name, unavailable(err))
	}
	return s, nil
}

// fit refuses a schema of which this program would not read everything, or not rightly.
func (s *Snapshot) fit(ctx context.Context, conn *pgxpool.Conn) error {
	steps, err := migrations()
	if err != nil {
		return err
	}
	var version int
	var ours bool
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		to_regclass(quote_ident(current_schema()) || '.stellarescrow_migrations') IS NOT NULL`).Scan(&version, &s.facts.Server, &ours); err != nil {
		return unavailable(s.store.open(err))
	}
	switch {
	case version < oldestServer:
		return fmt.Errorf("database %s is on PostgreSQL %d, this program needs %d or newer: %w; upgrade the server", s.store.name, version/10000, oldestServer/10000, ErrUnfit)
	case !ours:
		return fmt.Errorf("database %s holds no store of this program where the user looks first: %w; name the platform's database and its user", s.store.name, store.ErrForeign)
	}
	if err := conn.QueryRow(ctx, `SELECT coalesce(max(number), 0) FROM stellarescrow_migrations`).Scan(&s.facts.Schema); err != nil {
		return unavailable(s.store.open(err))
	}
	switch {
	case s.facts.Schema > len(steps):
		return fmt.Errorf("database %s has schema %d, this program knows schemas up to %d: %w; use the newer version", s.store.name, s.facts.Schema, len(steps), store.ErrNewer)
	case s.facts.Schema < len(steps):
		return fmt.Errorf("database %s has schema %d, this program reads schema %d: %w; use the version that made it, or start the indexer of this one first",
			s.store.name, s.facts.Schema, len(steps), ErrUnfit)
	}
	return nil
}

// begin locks the tables against change and then takes the moment: what is true of them before and in it is the same, or it was no steady one. The order of
// the locks is that of whoever swaps projections (beginSnapshot).
func (s *Snapshot) begin(ctx context.Context, conn *pgxpool.Conn) (steady bool, err error) {
	before, err := readTables(ctx, conn)
	if err != nil {
		return false, err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return false, err
	}
	defer func() {
		if !steady {
			err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
		}
	}()
	names := []string{pgx.Identifier{"standings"}.Sanitize()}
	for _, t := range before {
		names = append(names, pgx.Identifier{t.Name}.Sanitize())
	}
	// The moment is that of the first statement that reads: this one does not.
	if _, err := tx.Exec(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN ACCESS SHARE MODE"); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "42P01" { // undefined_table: it was there a moment ago
			return false, nil
		}
		return false, err
	}
	if s.tables, err = readTables(ctx, tx); err != nil {
		return false, err
	}
	var schema int
	if err := tx.QueryRow(ctx, `SELECT max(number) FROM stellarescrow_migrations`).Scan(&schema); err != nil {
		return false, err
	}
	if schema != s.facts.Schema || !slices.EqualFunc(before, s.tables, func(a, b Table) bool { return a.Name == b.Name && slices.Equal(a.Columns, b.Columns) }) {
		return false, nil
	}
	s.copies = tx
	return true, nil
}

// share gives another connection the same moment.
func (s *Snapshot) share(ctx context.Context, conn *pgxpool.Conn) error {
	var exported string
	if err := s.copies.QueryRow(ctx, `SELECT pg_export_snapshot()`).Scan(&exported); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	s.reads = tx
	_, err = tx.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+strings.ReplaceAll(exported, "'", "''")+"'")
	return err
}

// readTables lists the tables of the schema, whoever made them but an extension, in the order of their names.
func readTables(ctx context.Context, q querier) ([]Table, error) {
	rows, err := q.Query(ctx, `
		SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		WHERE n.nspname = current_schema() AND c.relkind = 'r'
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
		GROUP BY c.relname ORDER BY c.relname::text COLLATE "C"`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Table])
}

// Facts are what it is of.
func (s *Snapshot) Facts() SnapshotFacts { return s.facts }

// Tables are all tables of the schema, in the order of their names.
func (s *Snapshot) Tables() []Table { return s.tables }

// Network is what the schema belongs to; store.ErrNotFound if it has never been used.
func (s *Snapshot) Network(ctx context.Context) (store.Network, error) {
	return readNetwork(ctx, s.copies)
}

// Copy writes the rows of one of Tables in COPY's text format, UTF-8, a line each, and says how many. It must not be called twice at once.
func (s *Snapshot) Copy(ctx context.Context, t Table, to io.Writer) (rows int64, err error) {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	tag, err := s.copies.Conn().PgConn().CopyTo(ctx, to, fmt.Sprintf("COPY %s (%s) TO STDOUT (FORMAT text, ENCODING 'UTF8')", pgx.Identifier{t.Name}.Sanitize(), strings.Join(columns, ", ")))
	if err != nil {
		return 0, fmt.Errorf("copy table %s: %w", t.Name, unavailable(err))
	}
	return tag.RowsAffected(), nil
}

// ReadState makes a Snapshot a store.StateReader. It may run beside Copy.
func (s *Snapshot) ReadState(ctx context.Context, visit func(*store.Trade) error, paid func(opened store.EventID, p store.Payout) error) ([]store.Contract, error) {
	contracts, err := readState(ctx, s.reads, visit, paid)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", unavailable(err))
	}
	return contracts, nil
}

// Close lets go of the moment and of both connections. What a server that does not answer still holds, it gives back once it notices.
func (s *Snapshot) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	for _, tx := range []pgx.Tx{s.copies, s.reads} {
		if tx != nil {
			_ = tx.Rollback(ctx) // nothing was changed
		}
	}
	for _, c := range s.conns {
		c.Release()
	}
	s.store.pool.Close()
}
