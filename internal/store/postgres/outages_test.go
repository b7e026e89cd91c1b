package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

// outage is a life that is stored with something going wrong.
type outage struct {
	t       *testing.T
	s       *Store
	batches []store.Batch
	next    int
}

func newOutage(t *testing.T, s *Store, work storetest.Workload) *outage {
	t.Helper()
	o := &outage{t: t, s: s, batches: slices.Collect(work.Batches())}
	if err := s.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
		t.Fatal(err)
	}
	return o
}

// half is a life in its middle.
func half(t *testing.T, s *Store, work storetest.Workload) *outage {
	t.Helper()
	o := newOutage(t, s, work)
	for range len(o.batches) / 2 {
		o.must()
	}
	return o
}

func (o *outage) apply() error { return o.s.Apply(o.t.Context(), o.batches[o.next]) }

// must stores a batch, which nothing keeps from it.
func (o *outage) must() {
	o.t.Helper()
	if err := o.apply(); err != nil {
		o.t.Fatalf("batch %d: %v", o.next, err)
	}
	o.next++
}

// again is after the fault: the batch it has hit is stored whole or not at all, and is there when it has been handed in again.
func (o *outage) again(fault error) {
	o.t.Helper()
	b := o.batches[o.next]
	if text := fmt.Sprint(fault); fault != nil && (!strings.HasPrefix(text, "apply batch: ") || strings.Contains(text, "\n") || errors.Is(fault, store.ErrMoved)) {
		o.t.Errorf("not one line that says what was being done: %v", fault)
	}
	stored := position(o.t, o.s)
	switch again := o.apply(); {
	case stored == b.Moves[0].To && errors.Is(again, store.ErrMoved):
	case fault != nil && stored == b.Moves[0].From && again == nil:
	default:
		o.t.Fatalf("after %v it is stored up to %s (from %s to %s), and again gives %v", fault, stored, b.Moves[0].From, b.Moves[0].To, again)
	}
	o.next++
}

// end stores the rest, and compares the state with one that no fault has hit.
func (o *outage) end() {
	o.t.Helper()
	for o.next < len(o.batches) {
		o.must()
	}
	want := openTemp(o.t)
	if err := want.Follow(o.t.Context(), storetest.Contract, storetest.Start); err != nil {
		o.t.Fatal(err)
	}
	for _, b := range o.batches {
		if err := want.Apply(o.t.Context(), b); err != nil {
			o.t.Fatal(err)
		}
	}
	sameState(o.t, o.s, want)
}

// busy are lives of which each batch writes into every table.
var busy = storetest.Workload{Seed: 5, Trades: 200, Together: 50, Events: 80}

// other is a connection of somebody else's.
func other(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func must(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// waiting returns the process that waits for a lock in this database, when there is one.
func waiting(t *testing.T, conn *pgx.Conn) (pid int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		err := conn.QueryRow(t.Context(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&pid)
		if err == nil {
			return pid
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
	}
	t.Fatal("nobody waits for a lock")
	return 0
}

// TestAnOutageInTheMidstOfABatch stops the server, or ends the connection's process, at each table that a batch comes to.
func TestAnOutageInTheMidstOfABatch(t *testing.T) {
	for _, c := range []struct {
		table string
		stops bool // the server, and not only the connection's process
	}{{"contracts", false}, {"events", true}, {"feed", false}, {"milestones", false}, {"due", true}} {
		t.Run(fmt.Sprintf("at %s, the server stops: %t", c.table, c.stops), func(t *testing.T) {
			u := server.Database(t)
			o := half(t, openURL(t, Options{URL: u}), busy)
			blocker := other(t, u)
			must(t, blocker, "BEGIN; LOCK TABLE "+c.table+" IN SHARE MODE") // it can be read, not written
			done := make(chan error, 1)
			go func() { done <- o.apply() }()
			pid := waiting(t, other(t, u))
			if c.stops {
				server.Down(t)
			} else {
				must(t, blocker, "SELECT pg_terminate_backend($1)", pid)
			}
			fault := <-done
			if fault == nil {
				t.Error("the batch was stored nevertheless")
			}
			if c.stops {
				if err := o.apply(); err == nil || !strings.Contains(err.Error(), "connect to database") {
					t.Errorf("while it is down: %v, want it to say that it cannot connect", err)
				}
				server.Up(t)
			} else {
				must(t, blocker, "ROLLBACK")
			}
			o.again(fault)
			o.end()
		})
	}
}

// TestAConnectionCutInTheMidstOfACopy cuts it behind one of the many messages of a large COPY, in which the server has stored some rows.
func TestAConnectionCutInTheMidstOfACopy(t *testing.T) {
	u := server.Database(t)
	c := newCutter(t, server.Address(t))
	o := half(t, openURL(t, Options{URL: c.through(u), Connections: 1}), storetest.Workload{Seed: 6, Trades: 1500, Together: 500, Events: 2500})
	direct := openURL(t, Options{URL: u})
	before := c.count()
	o.must()
	needs := c.count()[toServer] - before[toServer]
	if needs < 30 {
		t.Fatalf("a batch takes only %d messages: no copy has many", needs)
	}
	c.at(toServer, needs/3)
	fault := o.apply()
	if !c.off() || fault == nil {
		t.Fatalf("it was not cut: %v", fault)
	}
	if got, want := position(t, direct), o.batches[o.next].Moves[0].From; got != want {
		t.Errorf("stored up to %s, want %s", got, want)
	}
	o.again(fault)
	o.end()
}

// faults counts what the server has refused, by its code.
type faults struct {
	mu    sync.Mutex
	codes map[string]int
}

func (f *faults) count(err error) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.codes == nil {
			f.codes = map[string]int{}
		}
		f.codes[pg.Code]++
	}
}

func (f *faults) of(code string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.codes[code]
}

func (f *faults) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (f *faults) TraceQueryEnd(_ context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	f.count(d.Err)
}
func (f *faults) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (f *faults) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (f *faults) TraceBatchEnd(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchEndData) {
	f.count(d.Err)
}

// TestADeadlockIsTriedAgain has two transactions that each want what the other one has: the server undoes the batch, which then comes after
// the other one.
func TestADeadlockIsTriedAgain(t *testing.T) {
	u := server.Database(t)
	var seen faults
	o := half(t, openURL(t, Options{URL: u, tracer: &seen}), busy)
	somebody, watch := other(t, u), other(t, u)
	must(t, somebody, "SET deadlock_timeout = '1h'") // so that it is the batch that finds out
	must(t, somebody, "BEGIN")
	must(t, somebody, "UPDATE milestones SET fee = fee")
	applied, theirs := make(chan error, 1), make(chan error, 1)
	go func() { applied <- o.apply() }()
	waiting(t, watch)
	go func() {
		_, err := somebody.Exec(context.WithoutCancel(t.Context()), "UPDATE contracts SET gap_oldest = gap_oldest")
		theirs <- err
	}()
	if err := <-theirs; err != nil {
		t.Fatalf("the other one was undone: %v", err)
	}
	must(t, somebody, "COMMIT")
	if err := <-applied; err != nil {
		t.Errorf("apply: %v, want it stored after all", err)
	}
	if seen.of("40P01") == 0 {
		t.Error("there was no deadlock")
	}
	o.again(nil)
	o.end()
}

// TestASerialisationFailureIsTriedAgain is in a database whose transactions see one moment, unless they say otherwise: batches do, and go on
// after a write that came between; a statement alone is undone, and tried again.
func TestASerialisationFailureIsTriedAgain(t *testing.T) {
	u := server.Database(t)
	server.Exec(t, "ALTER DATABASE "+name(t, u)+" SET default_transaction_isolation = 'repeatable read'")
	var seen faults
	s := openURL(t, Options{URL: u, tracer: &seen})
	if err := s.SetNetwork(t.Context(), "n", store.Ledger{Seq: 1}); err != nil {
		t.Fatal(err)
	}
	o := half(t, s, busy)
	somebody, watch := other(t, u), other(t, u)
	during := func(theirs string, ours func() error) error {
		t.Helper()
		must(t, somebody, "BEGIN")
		must(t, somebody, theirs)
		done := make(chan error, 1)
		go func() { done <- ours() }()
		waiting(t, watch)
		must(t, somebody, "COMMIT")
		return <-done
	}
	if err := during("UPDATE network SET mark_ledger = 5", func() error { return s.Mark(t.Context(), store.Ledger{Seq: 9}) }); err != nil {
		t.Errorf("mark: %v, want it stored after all", err)
	}
	if n, err := s.Network(t.Context()); err != nil || n.Mark.Seq != 9 {
		t.Errorf("the mark is %+v, %v, want ledger 9", n.Mark, err)
	}
	if seen.of("40001") != 1 {
		t.Error("nothing was undone")
	}
	if err := during("UPDATE contracts SET gap_oldest = gap_oldest", o.apply); err != nil || seen.of("40001") != 1 {
		t.Errorf("apply: %v, undone %d times", err, seen.of("40001")-1)
	}
	o.again(nil)
	o.end()
}

// TestTheDiskOfTheTablesIsFull: the server says so and goes on.
func TestTheDiskOfTheTablesIsFull(t *testing.T) {
	disk := postgres.SmallDisk(t, 16)
	s := openURL(t, Options{URL: on(t, server, disk)})
	o := newOutage(t, s, storetest.Workload{Seed: 8, Trades: 2400, Together: 500, Events: 1500})
	fault := o.until(t)
	var pg *pgconn.PgError
	if !errors.As(fault, &pg) || pg.Code != "53100" { // disk_full
		t.Fatalf("%v, want what the server says of a full disk", fault)
	}
	if err := o.apply(); err == nil {
		t.Error("a batch was stored on a full disk")
	}
	if n := trades(t, o.s); n == 0 { // it can be read
		t.Errorf("%d trades", n)
	}
	disk.Resize(t, 200)
	o.again(fault)
	o.end()
}

// on is a database whose tables are on a disk.
func on(t *testing.T, server *postgres.Server, disk postgres.Disk) (url string) {
	t.Helper()
	url = server.Database(t)
	server.Exec(t, fmt.Sprintf("CREATE TABLESPACE elsewhere LOCATION '%s'", disk.Path))
	server.Exec(t, fmt.Sprintf("ALTER DATABASE %s SET TABLESPACE elsewhere", name(t, url)))
	t.Cleanup(func() {
		server.Exec(t, "DROP DATABASE "+name(t, url)+" WITH (FORCE)")
		server.Exec(t, "DROP TABLESPACE elsewhere")
	})
	return url
}

// until goes on until something is wrong.
func (o *outage) until(t *testing.T) error {
	t.Helper()
	for ; o.next < len(o.batches); o.next++ {
		if err := o.apply(); err != nil {
			t.Logf("batch %d of %d: %v", o.next, len(o.batches), err)
			return err
		}
	}
	t.Fatalf("%d batches were stored, and nothing was wrong", len(o.batches))
	return nil
}

// TestTheDiskOfTheLogIsFull: the server cannot even write down what it does, and crashes.
func TestTheDiskOfTheLogIsFull(t *testing.T) {
	disk, tables := postgres.SmallDisk(t, 200), postgres.SmallDisk(t, 400)
	t.Setenv("TMPDIR", disk.Path)
	own := postgres.New(postgres.Options{Careless: true, Template: migrated})
	t.Cleanup(func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := openURL(t, Options{URL: on(t, own, tables)})
	o := newOutage(t, s, storetest.Workload{Seed: 8, Trades: 2500, Together: 1000, Events: 3000})
	ballast := filepath.Join(disk.Path, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	fault := o.until(t)
	if err := o.apply(); err == nil {
		t.Error("a batch was stored on a full disk")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	own.Restart(t)
	o.again(fault)
	o.end()
}
