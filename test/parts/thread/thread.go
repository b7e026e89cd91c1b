//go:build linux

package thread

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Run runs a function on a thread of its own, which ends with it. Goroutines that the function starts are on others.
func Run(do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The process's first thread cannot be ended: it would stay as it is then, and with it all that /proc/self says. Held here, it is
			// not the one that the next goroutine gets.
			defer runtime.UnlockOSThread()
			done <- Run(do)
			return
		}
		done <- do() // never unlocked: the thread ends with the goroutine
	}()
	return <-done
}
