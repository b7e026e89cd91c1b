package postgres

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

var tables = []string{"network", "contracts", "events", "trades", "standings", "participants", "milestones", "offers", "disputes", "votes", "parked", "payouts", "due", "feed", "transactions"}

// number is a number from the environment.
func number(b testing.TB, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

// settings are those of a small server of its own; PostgreSQL's defaults are for a machine of the nineties.
var settings = map[string]string{"shared_buffers": "1GB", "max_wal_size": "4GB"}

// BenchmarkApply stores a workload with fsync on, beside bare COPY, which writes the rows that come of it into the same tables, indexes and all,
// of another database on the same server. They take turns, a twentieth at a time, so that whatever else the machine does slows both. "ratio" is
// the rate of the first in terms of the second; 0.5 is asked for.
//
//	go test -run '^$' -bench Apply -benchtime 1x ./internal/store/postgres
//
// Measured on 25 November 2026, PostgreSQL 15.18 on the same 2 shared cores (AMD EPYC) as the test: 200,000 trades in batches of 10,000 events,
// 19,189 events/s, ratio 0.61; 40,000 trades in batches of 10,000, 5,000 and 2,000 events, 0.58, 0.49 and 0.42: the smaller a batch, the more
// often a trade is written again.
//
// STELLARESCROW_BENCH_TRADES is how many trades (of five events each), STELLARESCROW_BENCH_TOGETHER how many are under way at the same
// time, STELLARESCROW_BENCH_BATCH how many events make a batch: RPC gives up to 10,000 in one page.
func BenchmarkApply(b *testing.B) {
	durable := postgres.New(postgres.Options{Template: migrated, Settings: settings})
	defer func() {
		if err := durable.Stop(); err != nil {
			b.Error(err)
		}
	}()
	work := storetest.Workload{Seed: 1, Trades: number(b, "STELLARESCROW_BENCH_TRADES", 20_000), Together: number(b, "STELLARESCROW_BENCH_TOGETHER", 2_000), Events: number(b, "STELLARESCROW_BENCH_BATCH", 10_000)}
	for range b.N {
		final := durable.Database(b) // made beforehand, so that COPY has its rows
		batches := applyAll(b, final, work, func(int, time.Duration, float64) {})
		c := newCopier(b, final, durable.Database(b))
		var took, bare, slowest time.Duration
		var ours float64
		turn := 0
		applyAll(b, durable.Database(b), work, func(done int, one time.Duration, cpu float64) {
			took, slowest, ours = took+one, max(slowest, one), cpu
			for ; turn < turns && turn*batches < done*turns; turn++ {
				bare += c.copy(b, turn)
			}
		})
		if c.rows == 0 || turn != turns {
			b.Fatalf("%d rows in %d turns", c.rows, turn)
		}
		b.ReportMetric(float64(c.events)/took.Seconds(), "events/s")
		b.ReportMetric(float64(c.events)/bare.Seconds(), "bare-events/s")
		b.ReportMetric(bare.Seconds()/took.Seconds(), "ratio")
		if ours > 0 {
			b.ReportMetric(c.cpu/ours, "cpu-ratio") // of the two server processes: what the machine's other work leaves alone
		}
		b.ReportMetric(float64(slowest.Milliseconds()), "slowest-ms")
	}
}

// turns is how often Apply and COPY take turns.
const turns = 20

// applyAll stores a workload, and tells after each batch how many there were, how long it took, and what the server process has worked in all.
func applyAll(b *testing.B, url string, work storetest.Workload, after func(done int, took time.Duration, cpu float64)) (batches int) {
	b.Helper()
	s := openURL(b, Options{URL: url, Connections: 1})
	conn, err := s.pool.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	pid := conn.Conn().PgConn().PID()
	conn.Release()
	if err := s.Follow(b.Context(), storetest.Contract, storetest.Start); err != nil {
		b.Fatal(err)
	}
	for batch := range work.Batches() {
		began := time.Now()
		if err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		batches++
		after(batches, time.Since(began), cpuOf(pid))
	}
	return batches
}

// copier writes the rows of one database into another, a part of each table at a time, in the order in which they lie.
type copier struct {
	source, target *pgx.Conn
	columns        map[string]string
	size           map[string]int
	rows, events   int
	cpu            float64
}

// cpuOf is the seconds that a process has worked, 0 where the system does not say (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
func cpuOf(pid uint32) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(text))
	if len(fields) < 15 {
		return 0
	}
	user, _ := strconv.Atoi(fields[13])
	system, _ := strconv.Atoi(fields[14])
	return float64(user+system) / 100 // USER_HZ
}

func newCopier(b *testing.B, from, to string) *copier {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	c := &copier{columns: map[string]string{}, size: map[string]int{}}
	for url, conn := range map[string]**pgx.Conn{from: &c.source, to: &c.target} {
		var err error
		if *conn, err = pgx.Connect(ctx, url); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { (*conn).Close(ctx) })
	}
	// A scan begins where another one is, so that they share what they read; parts would overlap.
	if _, err := c.source.Exec(ctx, "SET synchronize_seqscans = off"); err != nil {
		b.Fatal(err)
	}
	for _, table := range tables {
		var columns string
		var size int
		if err := c.source.QueryRow(ctx, `SELECT string_agg(attname, ', ' ORDER BY attnum), (SELECT count(*) FROM `+table+`)
			FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`, table).Scan(&columns, &size); err != nil {
			b.Fatal(err)
		}
		c.columns[table], c.size[table] = columns, size
	}
	c.events = c.size["events"]
	return c
}

func (c *copier) copy(b *testing.B, turn int) (took time.Duration) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	parts := map[string]*bytes.Buffer{}
	for _, table := range tables {
		from, to := c.size[table]*turn/turns, c.size[table]*(turn+1)/turns
		parts[table] = &bytes.Buffer{}
		if _, err := c.source.PgConn().CopyTo(ctx, parts[table], fmt.Sprintf("COPY (SELECT %s FROM %s OFFSET %d LIMIT %d) TO STDOUT (FORMAT binary)", c.columns[table], table, from, to-from)); err != nil {
			b.Fatal(err)
		}
	}
	began, worked := time.Now(), cpuOf(c.target.PgConn().PID())
	tx, err := c.target.Begin(ctx)
	if err != nil {
		b.Fatal(err)
	}
	for _, table := range tables {
		tag, err := c.target.PgConn().CopyFrom(ctx, parts[table], fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", table, c.columns[table]))
		if err != nil {
			b.Fatal(err)
		}
		c.rows += int(tag.RowsAffected())
	}
	if err := tx.Commit(ctx); err != nil {
		b.Fatal(err)
	}
	c.cpu += cpuOf(c.target.PgConn().PID()) - worked
	return time.Since(began)
}

// BenchmarkRebuild writes the projection of a workload anew, and swaps, beside what Apply took for the same; "ratio" is the rate of the first in
// terms of the second. Working out what follows from an event is no part of either.
func BenchmarkRebuild(b *testing.B) {
	durable := postgres.New(postgres.Options{Template: migrated, Settings: settings})
	defer func() {
		if err := durable.Stop(); err != nil {
			b.Error(err)
		}
	}()
	work := storetest.Workload{Seed: 1, Trades: number(b, "STELLARESCROW_BENCH_TRADES", 20_000), Together: number(b, "STELLARESCROW_BENCH_TOGETHER", 2_000), Events: number(b, "STELLARESCROW_BENCH_BATCH", 10_000)}
	for range b.N {
		url := durable.Database(b)
		var applied time.Duration
		applyAll(b, url, work, func(_ int, one time.Duration, _ float64) { applied += one })
		s := openURL(b, Options{URL: url})
		before, err := store.StateHash(b.Context(), s)
		if err != nil {
			b.Fatal(err)
		}
		r, err := s.Rebuild(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		read, events := store.EventID(""), 0
		var took time.Duration
		for batch := range work.Batches() {
			began := time.Now()
			page, err := r.Events(b.Context(), storetest.Contract, read, store.MaxRebuildPage)
			if err != nil {
				b.Fatal(err)
			}
			if err := r.Write(b.Context(), batch.Trades); err != nil {
				b.Fatal(err)
			}
			took += time.Since(began)
			if n := len(page); n > 0 {
				read, events = page[n-1].ID, events+n
			}
		}
		began := time.Now()
		if err := r.Swap(b.Context(), map[string]store.EventID{storetest.Contract: read}, rebuilt); err != nil {
			b.Fatal(err)
		}
		swap := time.Since(began)
		took += swap
		if after, err := store.StateHash(b.Context(), s); err != nil || after.Hash != before.Hash {
			b.Fatalf("the state is %x, %v, it was %x", after.Hash, err, before.Hash)
		}
		b.ReportMetric(float64(events)/took.Seconds(), "events/s")
		b.ReportMetric(float64(events)/applied.Seconds(), "applied-events/s")
		b.ReportMetric(applied.Seconds()/took.Seconds(), "ratio")
		b.ReportMetric(float64(swap.Milliseconds()), "swap-ms")
	}
}

// BenchmarkInsert is what most indexers do: one INSERT for each event, committed by itself.
func BenchmarkInsert(b *testing.B) {
	durable := postgres.New(postgres.Options{Template: migrated})
	defer func() {
		if err := durable.Stop(); err != nil {
			b.Error(err)
		}
	}()
	s := openURL(b, Options{URL: durable.Database(b)})
	events := make([]store.Event, 0, 2000)
	for batch := range (storetest.Workload{Seed: 1, Trades: 1000, Together: 200, Events: 500}).Batches() {
		events = append(events, batch.Events...)
	}
	events = slices.Clip(events)
	began, n := time.Now(), 0
	for b.Loop() {
		e := events[n%len(events)]
		e.ID = store.EventID(strconv.Itoa(n+1_000_000_000) + string(e.ID)[10:])
		n++
		if err := s.exec(b.Context(), "insert", `INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(e.ID), e.Contract, seconds(e.ClosedAt), e.Tx[:], e.Kind, hashOrNull(e.Trade), e.Body, e.Unread); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "events/s")
}

// BenchmarkEach stores one event with all that follows from it at a time, as when the tip is followed and little happens.
func BenchmarkEach(b *testing.B) {
	durable := postgres.New(postgres.Options{Template: migrated, Settings: settings})
	defer func() {
		if err := durable.Stop(); err != nil {
			b.Error(err)
		}
	}()
	s := openURL(b, Options{URL: durable.Database(b)})
	if err := s.Follow(b.Context(), storetest.Contract, storetest.Start); err != nil {
		b.Fatal(err)
	}
	next, stop := iter.Pull(storetest.Workload{Seed: 1, Trades: 1 << 30, Together: 200, Events: 1}.Batches())
	defer stop()
	for b.Loop() {
		batch, _ := next()
		if err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
