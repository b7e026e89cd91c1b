package bench

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memory is the most that was in use during something, in bytes.
type memory struct {
	heap     uint64 // live objects and those not yet collected
	resident uint64 // of the whole process, 0 where the system does not say
}

// most is what do took at most, looked at every few milliseconds.
func most(do func()) memory {
	runtime.GC()
	debug.FreeOSMemory()
	var m memory
	look := func() {
		heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(heap)
		m.heap, m.resident = max(m.heap, heap[0].Value.Uint64()), max(m.resident, resident())
	}
	done, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				look()
			case <-done:
				return
			}
		}
	}()
	do()
	close(done)
	<-looked
	return m
}

// resident is what the process has in memory (https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html).
func resident() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages uint64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
