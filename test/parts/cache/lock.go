//go:build unix

package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

const (
	// LockTimeout bounds how long another process that builds is waited for: longer than a node's programs take to build on a slow machine.
	LockTimeout = time.Hour
	lockEvery   = 100 * time.Millisecond // it is looked whether the other has ended
	patience    = time.Second            // until it is said that there is another
)

// Lock has the lock file at path when nobody else does, in this process or another, and says to out that it waits for somebody. The wait ends with the context,
// and after LockTimeout; the lock ends with unlock, and with the process whatever becomes of it.
func Lock(ctx context.Context, path string, out io.Writer) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open a lock: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, LockTimeout)
	defer cancel()
	said := time.After(patience)
	for {
		if err := ctx.Err(); err != nil { // a lock that nobody waits for any more is not taken
			return nil, errors.Join(fmt.Errorf("wait for the process that builds and holds %s: %w", path, err), f.Close())
		}
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { _ = f.Close() }, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		select {
		case <-ctx.Done():
		case <-said:
			fmt.Fprintf(out, "another build is under way, and holds %s: waiting for it\n", path)
		case <-time.After(lockEvery):
		}
	}
}
