//go:build linux

package thread_test

import (
	"errors"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/Abdullahi130/StellarEscrow/test/parts/thread"
)

// The first thread of the process is never the one, whoever is free: what is changed of a thread's own stays its own.
func TestTheFirstThreadIsNotTaken(t *testing.T) {
	bad := errors.New("as it was told")
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			err := thread.Run(func() error {
				if unix.Gettid() == unix.Getpid() {
					t.Error("it runs on the first thread")
				}
				runtime.Gosched()
				return bad
			})
			if !errors.Is(err, bad) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
}
