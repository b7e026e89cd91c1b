package postgres

import (
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

var tables = []string{"network", "contracts", "events", "trades", "standings", "participants", "milestones", "offers", "disputes", "votes", "parked", "feed", "transactions"}

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

// BenchmarkApply stores a workload with fsync on, and then lets bare COPY write the rows that came of it into the same tables, indexes and
// all, of another database on the same server. "ratio" is the rate of the first in terms of the second; 0.5 is asked for.
//
//	go test -run '^$' -bench Apply -benchtime 1x ./internal/store/postgres
//
// STELLARESCROW_BENCH_TRADES is how many trades (of five events each), STELLARESCROW_BENCH_TOGETHER how many are under way at the same
// time, STELLARESCROW_BENCH_BATCH how many events make a batch.
func BenchmarkApply(b *testing.B) {
	durable := postgres.New(postgres.Options{Template: migrated})
	defer func() {
		if err := durable.Stop(); err != nil {
			b.Error(err)
		}
	}()
	work := storetest.Workload{Seed: 1, Trades: number(b, "STELLARESCROW_BENCH_TRADES", 20_000), Together: number(b, "STELLARESCROW_BENCH_TOGETHER", 2_000), Events: number(b, "STELLARESCROW_BENCH_BATCH", 2_000)}
	for range b.N {
		url := durable.Database(b)
		s := openURL(b, Options{URL: url})
		if err := s.Follow(b.Context(), storetest.Contract, storetest.Start); err != nil {
			b.Fatal(err)
		}
		var took time.Duration
		events, slowest := 0, time.Duration(0)
		for batch := range work.Batches() {
			began := time.Now()
			if err := s.Apply(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			one := time.Since(began)
			took, slowest, events = took+one, max(slowest, one), events+len(batch.Events)
		}
		bare := copyAll(b, url, durable.Database(b))
		b.ReportMetric(float64(events)/took.Seconds(), "events/s")
		b.ReportMetric(float64(events)/bare.Seconds(), "bare-events/s")
		b.ReportMetric(bare.Seconds()/took.Seconds(), "ratio")
		b.ReportMetric(float64(slowest.Milliseconds()), "slowest-ms")
	}
}

// copyAll writes every table's rows of one database into the other's, and tells how long the writing took.
func copyAll(b *testing.B, from, to string) (took time.Duration) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	source, err := pgx.Connect(ctx, from)
	if err != nil {
		b.Fatal(err)
	}
	defer source.Close(ctx)
	target, err := pgx.Connect(ctx, to)
	if err != nil {
		b.Fatal(err)
	}
	defer target.Close(ctx)
	for _, table := range tables {
		rows, err := os.CreateTemp(b.TempDir(), table)
		if err != nil {
			b.Fatal(err)
		}
		defer rows.Close()
		if _, err := source.PgConn().CopyTo(ctx, rows, "COPY "+table+" TO STDOUT (FORMAT binary)"); err != nil {
			b.Fatal(err)
		}
		if _, err := rows.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		tag, err := target.PgConn().CopyFrom(ctx, rows, "COPY "+table+" FROM STDIN (FORMAT binary)")
		if err != nil {
			b.Fatal(err)
		}
		one := time.Since(began)
		b.Logf("bare COPY of %s: %d rows in %v", table, tag.RowsAffected(), one)
		took += one
	}
	return took
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
