package storetest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
	server "github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

var shared = server.New(server.Options{Careless: true})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// TestEnginesHashAlike is here because an engine's own tests know no other one.
func TestEnginesHashAlike(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	inFile, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer inFile.Close()
	onServer, err := postgres.Open(ctx, postgres.Options{URL: shared.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer onServer.Close()
	storetest.Same(t, map[string]storetest.Engine{"sqlite": inFile, "postgres": onServer})
}
