//go:build unix

package images

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// Who waits for another's build has an end: its context's, or the bound.
func TestTheLockIsNotWaitedForWithoutEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	open := func(t *testing.T) *os.File {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	synctest.Test(t, func(t *testing.T) {
		other, ours := open(t), open(t)
		if err := lock(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := lock(t.Context(), ours); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != lockTimeout {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		time.AfterFunc(time.Minute, func() { other.Close() })
		began = time.Now()
		if err := lock(t.Context(), ours); err != nil || time.Since(began) > time.Minute+lockEvery {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
