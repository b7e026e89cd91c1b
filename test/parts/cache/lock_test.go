//go:build unix

package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Who waits for another's build has an end: its context's, or the bound.
func TestTheLockIsNotWaitedForWithoutEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	synctest.Test(t, func(t *testing.T) {
		unlock, err := Lock(t.Context(), path, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		began := time.Now()
		if _, err := Lock(t.Context(), path, &out); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), path) || time.Since(began) != LockTimeout {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if strings.Count(out.String(), "waiting for it") != 1 {
			t.Errorf("it says %q", out.String())
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began = time.Now()
		if _, err := Lock(ctx, path, io.Discard); !errors.Is(err, context.Canceled) || time.Since(began) > time.Second {
			t.Errorf("called off, it ended after %s: %v", time.Since(began), err)
		}
		time.AfterFunc(time.Minute, unlock)
		began = time.Now()
		ours, err := Lock(t.Context(), path, io.Discard)
		if err != nil || time.Since(began) > time.Minute+lockEvery {
			t.Fatalf("after %s: %v", time.Since(began), err)
		}
		ours()
		if _, err := Lock(ctx, path, io.Discard); !errors.Is(err, context.Canceled) {
			t.Errorf("a lock that is free, for somebody who has gone: %v", err)
		}
	})
}
