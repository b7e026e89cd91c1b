//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/test/parts/partstest"
	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

func prepare(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE prepared (n int); INSERT INTO prepared VALUES (7)")
	return err
}

func TestMain(m *testing.M) {
	server := postgres.New(postgres.Options{Careless: true, Template: prepare})
	shared = server
	os.Exit(server.Main(m))
}

var shared *postgres.Server

func TestEachDatabaseIsACopyOfTheTemplate(t *testing.T) {
	var urls []string
	for range 3 {
		url := shared.Database(t)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		var n, rows int
		var fsync string
		if err := conn.QueryRow(t.Context(), "SELECT max(n), count(*), current_setting('fsync') FROM prepared").Scan(&n, &rows, &fsync); err != nil {
			t.Fatal(err)
		}
		if n != 7 || rows != 1 || fsync != "off" {
			t.Errorf("%d in %d rows, fsync %s, want 7 in 1, off", n, rows, fsync)
		}
		if _, err := conn.Exec(t.Context(), "INSERT INTO prepared VALUES (8)"); err != nil {
			t.Error(err)
		}
		urls = append(urls, url)
	}
	if urls[0] == urls[1] || urls[1] == urls[2] {
		t.Errorf("not databases of their own: %v", urls)
	}
}

func TestDownAndUp(t *testing.T) {
	url := shared.Database(t)
	shared.Down(t)
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		conn.Close(t.Context())
		t.Error("a server that is down was reached")
	}
	shared.Up(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(t.Context())
}

func TestRestart(t *testing.T) {
	url := shared.Database(t)
	for _, down := range []bool{false, true} {
		if down {
			shared.Down(t)
		}
		shared.Restart(t)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close(t.Context())
	}
}

func TestASmallDiskIsFullAndGrows(t *testing.T) {
	disk := postgres.SmallDisk(t, 1)
	path := filepath.Join(disk.Path, "file")
	if err := os.WriteFile(path, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("2 MiB on a disk of one: %v, want no space", err)
	}
	disk.Resize(t, 4)
	if err := os.WriteFile(path, make([]byte, 2<<20), 0o600); err != nil {
		t.Error(err)
	}
}

// TestTheServerEndsWithItsBinary kills a test binary that has started a server.
func TestTheServerEndsWithItsBinary(t *testing.T) {
	partstest.EndsWithItsBinary(t, func(t testing.TB) string { return shared.Address(t) })
}
