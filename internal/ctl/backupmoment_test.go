package ctl

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/ops/backup"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
	parts "github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

// Databases is the server of this package's tests.
var Databases = parts.New(parts.Options{Careless: true, Template: func(ctx context.Context, url string) error {
	s, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		return err
	}
	return s.Close()
}})

func TestMain(m *testing.M) {
	if os.Getenv(AsProgram) != "" {
		asProgram()
	}
	os.Exit(Databases.Main(m))
}

// busy is a place at which something happens with every piece that it is given.
type busy struct {
	*backup.Folder
	meanwhile func()
}

func (b busy) Put(ctx context.Context, name string, content io.Reader) error {
	return b.Folder.Put(ctx, name, watching{content, b.meanwhile})
}

type watching struct {
	io.Reader
	meanwhile func()
}

func (w watching) Read(b []byte) (int, error) {
	w.meanwhile()
	return w.Reader.Read(b)
}

// rows is a sink that keeps what a backup holds, to be put into a database.
type rows struct {
	head   backup.Head
	tables map[string]*bytes.Buffer
}

func (r *rows) Begin(h backup.Head) error {
	r.head, r.tables = h, map[string]*bytes.Buffer{}
	return nil
}

func (r *rows) Rows(t backup.Table, piece []byte) error {
	if r.tables[t.Name] == nil {
		r.tables[t.Name] = new(bytes.Buffer)
	}
	r.tables[t.Name].Write(piece)
	return nil
}

// restore puts it into a database that has the tables, in place of what is there.
func (r *rows) restore(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, table := range r.head.Tables {
		name := pgx.Identifier{table.Name}.Sanitize()
		if _, err := conn.Exec(t.Context(), "TRUNCATE "+name); err != nil {
			t.Fatal(err)
		}
		if content := r.tables[table.Name]; content != nil {
			if _, err := conn.PgConn().CopyFrom(t.Context(), content, "COPY "+name+" ("+strings.Join(table.Columns, ", ")+") FROM STDIN"); err != nil {
				t.Fatalf("restore table %s: %v", table.Name, err)
			}
		}
	}
}

func opened(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestABackupIsOneMoment writes to the database with every piece that the backup is written in. What the file holds is the state before the first of them,
// all tables alike: put into another database it gives the manifest's state hash, and a backup of that database has the same contents, table by table.
func TestABackupIsOneMoment(t *testing.T) {
	url := Databases.Database(t)
	s := opened(t, url)
	if err := s.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNetwork(t.Context(), "Backup ; 2026", store.Ledger{Seq: 9, Hash: store.Hash{9}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(t.Context(), store.Spending{Purpose: store.PurposeKeeper, Day: 1, Stroops: 7}, store.Limits{Stroops: 100}); err != nil {
		t.Fatal(err)
	}
	var all []store.Batch
	for b := range (storetest.Workload{Seed: 11, Trades: 900, Together: 300, Events: 60}).Batches() {
		all = append(all, b)
	}
	half := len(all) / 2
	for _, b := range all[:half] {
		if err := s.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	before, err := store.StateHash(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}

	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := backup.NewFolder(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	place := busy{folder, func() {
		if half+written == len(all) {
			return
		}
		if err := s.Apply(context.WithoutCancel(t.Context()), all[half+written]); err != nil {
			t.Error(err)
		}
		written++
	}}
	options := backup.Options{Recipients: []age.Recipient{key.Recipient()}, Program: "test", Now: time.Now, Rand: rand.Reader}
	receipt, err := take(t.Context(), postgres.Options{URL: url}, place, options)
	if err != nil {
		t.Fatal(err)
	}
	after, err := store.StateHash(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if written < 5 || after.Hash == before.Hash {
		t.Fatalf("%d batches were written meanwhile: this test has seen nothing", written)
	}
	m := receipt.Manifest
	if m.State.Hash != hex(before.Hash) || m.State.Trades != before.Trades || m.State.Payouts != before.Payouts || m.State.Trades < 100 {
		t.Errorf("the manifest says %+v, the state was %s of %d trades", m.State, hex(before.Hash), before.Trades)
	}
	if len(m.Positions) != 1 || m.Positions[0].Position != string(before.Contracts[0].Position) || m.Network.Passphrase != "Backup ; 2026" || m.Network.Ledger != 9 {
		t.Errorf("positions %+v, network %+v", m.Positions, m.Network)
	}

	in, err := folder.Get(t.Context(), receipt.Name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var held rows
	if _, err := backup.Read(t.Context(), receipt.Name, in, []age.Identity{key}, &held); err != nil {
		t.Fatal(err)
	}
	other := Databases.Database(t)
	held.restore(t, other)
	if restored, err := store.StateHash(t.Context(), opened(t, other)); err != nil || hex(restored.Hash) != m.State.Hash {
		t.Errorf("restored, the state hash is %s (%v), want %s", hex(restored.Hash), err, m.State.Hash)
	}
	again, err := take(t.Context(), postgres.Options{URL: other}, folder, options)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Manifest.Contents, m.Contents) || !reflect.DeepEqual(again.Manifest.Tables, m.Tables) || !reflect.DeepEqual(again.Manifest.Positions, m.Positions) {
		t.Errorf("a backup of what was restored holds\n%+v\nwant\n%+v", again.Manifest.Contents, m.Contents)
	}
	filled := 0
	for _, c := range m.Contents {
		if c.Rows > 0 {
			filled++
		}
	}
	if filled < 10 {
		t.Errorf("only %d tables had rows: %+v", filled, m.Contents)
	}
}
