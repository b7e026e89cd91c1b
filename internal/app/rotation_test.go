package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// A rotation that goes wrong is told once, and once when it is well again; what was good before stays in use meanwhile.
func TestARotationThatGoesWrongIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "RELAY_SECRET")
		put := func(text string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Time{}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		first := rand.Text()
		put(first)
		file, err := secret.Open(secret.Need{Variable: "RELAY_SECRET_FILE", For: "a test", Path: path}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		r := rotation{watch(file), time.Now}
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.watch(ctx, slog.New(slog.NewTextHandler(&log, nil))) }()

		expect := func(lines int, unfit string) {
			t.Helper()
			time.Sleep(3 * watchEvery)
			synctest.Wait()
			if got := strings.Count(log.String(), "\n"); got != lines {
				t.Errorf("%d lines are logged, want %d:\n%s", got, lines, log.String())
			}
			if err := testutil.CollectAndCompare(r, strings.NewReader(`
# HELP stellar_escrow_secret_unfit 1 while the file of a secret is gone or not fit to be one, and the value before it is used.
# TYPE stellar_escrow_secret_unfit gauge
stellar_escrow_secret_unfit{variable="RELAY_SECRET_FILE"} `+unfit+"\n"), "stellar_escrow_secret_unfit"); err != nil {
				t.Error(err)
			}
		}
		expect(0, "0")
		put("changeme-changeme")
		expect(1, "1")
		if file.Value().Reveal() != first {
			t.Error("the value before it is not in use")
		}
		put(rand.Text())
		expect(2, "0")
		cancel()
		<-done
		if text := log.String(); !strings.Contains(text, "RELAY_SECRET_FILE") || strings.Contains(text, "changeme") || strings.Contains(text, first) {
			t.Errorf("it says\n%s", text)
		}
		if problems, err := testutil.CollectAndLint(prometheus.Collector(r)); err != nil || len(problems) > 0 {
			t.Errorf("%v %v", problems, err)
		}
	})
}
