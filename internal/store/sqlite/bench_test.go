package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

var tables = []string{"contracts", "events", "trades", "participants", "milestones", "offers", "disputes", "votes", "parked", "payouts", "due", "feed"}

// BenchmarkApply stores a workload as the indexer does, each batch on the disk before the next, beside SQLite itself, which copies the rows that
// come of it into the same tables of another file with the same settings. They take turns, a twentieth at a time, so that whatever else the
// machine does slows both. "ratio" is the rate of the first in terms of the second.
//
//	go test -run '^$' -bench Apply -benchtime 1x ./internal/store/sqlite
func BenchmarkApply(b *testing.B) {
	work := storetest.Workload{Seed: 1, Trades: 10_000, Together: 1_000, Events: 5_000}
	for range b.N {
		dir := b.TempDir()
		final := filepath.Join(dir, "final.db")
		batches := applyAll(b, final, work, func(int, time.Duration) {})
		bare, err := Open(b.Context(), filepath.Join(dir, "bare.db"))
		if err != nil {
			b.Fatal(err)
		}
		conn, err := bare.write.Conn(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		// A part of each table at a time breaks foreign keys; not looking at them is to the copy's advantage.
		for _, step := range []string{"PRAGMA foreign_keys = off", "ATTACH '" + final + "' AS final"} {
			if _, err := conn.ExecContext(b.Context(), step); err != nil {
				b.Fatal(err)
			}
		}
		var took, copied time.Duration
		turn := 0
		applyAll(b, filepath.Join(dir, "store.db"), work, func(done int, one time.Duration) {
			took += one
			for ; turn < turns && turn*batches < done*turns; turn++ {
				copied += copyTurn(b, conn, turn)
			}
		})
		var events int
		if err := conn.QueryRowContext(b.Context(), "SELECT count(*) FROM main.events").Scan(&events); err != nil || turn != turns || events < 4*work.Trades {
			b.Fatalf("%d events in %d turns: %v", events, turn, err)
		}
		if err := conn.Close(); err != nil {
			b.Fatal(err)
		}
		if err := bare.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(events)/took.Seconds(), "events/s")
		b.ReportMetric(float64(events)/copied.Seconds(), "bare-events/s")
		b.ReportMetric(copied.Seconds()/took.Seconds(), "ratio")
	}
}

// turns is how often the two take turns.
const turns = 20

func applyAll(b *testing.B, path string, work storetest.Workload, after func(done int, took time.Duration)) (batches int) {
	b.Helper()
	s, err := Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Follow(b.Context(), storetest.Contract, storetest.Start); err != nil {
		b.Fatal(err)
	}
	for batch := range work.Batches() {
		began := time.Now()
		if err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		batches++
		after(batches, time.Since(began))
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return batches
}

func copyTurn(b *testing.B, conn *sql.Conn, turn int) time.Duration {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	began := time.Now()
	steps := []string{"BEGIN IMMEDIATE"}
	for _, table := range tables {
		steps = append(steps, fmt.Sprintf(`INSERT INTO main.%[1]s SELECT * FROM final.%[1]s
			LIMIT (SELECT count(*) * %[3]d / %[4]d - count(*) * %[2]d / %[4]d FROM final.%[1]s) OFFSET (SELECT count(*) * %[2]d / %[4]d FROM final.%[1]s)`, table, turn, turn+1, turns))
	}
	for _, step := range append(steps, "COMMIT") {
		if _, err := conn.ExecContext(ctx, step); err != nil {
			b.Fatalf("%v\n%s", err, step)
		}
	}
	return time.Since(began)
}
