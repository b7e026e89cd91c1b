//go:build unix

package minio

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
)

// Region is the one that it takes itself to be in.
const Region = "us-east-1"

// Server is one that runs.
type Server struct {
	URL            string // http://127.0.0.1:PORT
	User, Password string // of whoever may do everything there
	*child.Child
}

// The bounds of starting and asking.
const (
	startTries   = 600
	startWait    = 50 * time.Millisecond
	answerWithin = 5 * time.Second
)

// Start starts one that holds nothing yet.
func Start(t testing.TB) *Server {
	t.Helper()
	path, err := program.Path()
	if errors.Is(err, cache.ErrMissing) {
		parts.Missing(t, "MinIO", "go run ./test/parts/minio/prepare, once: it takes three minutes")
	}
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "minio-*")
	if err != nil {
		t.Fatal(err)
	}
	address := child.FreeAddress(t)
	s := &Server{URL: "http://" + address, User: rand.Text(), Password: rand.Text()}
	// What a developer has set for a server of their own is not for this one: a folder of its own in the place of theirs.
	env := []string{"HOME=" + dir, "MINIO_CONFIG_ENV_FILE=", "MINIO_ROOT_USER=" + s.User, "MINIO_ROOT_PASSWORD=" + s.Password, "MINIO_REGION=" + Region, "MINIO_UPDATE=off", "MINIO_BROWSER=off"}
	s.Child = child.Start(t, dir, env, path, "server", "--address", address, filepath.Join(dir, "data"))
	for range startTries {
		if err = s.ready(); err == nil {
			return s
		}
		time.Sleep(startWait)
	}
	t.Fatalf("MinIO is not ready: %v\n%s", err, s.Log())
	return nil
}

// ready is nil when it answers questions about objects.
func (s *Server) ready() error {
	res, err := (&http.Client{Timeout: answerWithin}).Get(s.URL + "/minio/health/cluster")
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("it answers %s", res.Status))
	}
	return nil
}
