package indexer

import (
	"os"
	"runtime/debug"
)

// memoryLimit is what the Go runtime of an indexer's process keeps to (runtime/debug.SetMemoryLimit), in bytes: two pages of events and what is
// remembered take some 100 MB of it, and below it garbage would be let lie. The whole process then stays below 200 MB however much there is to read.
const memoryLimit = 160 << 20

// LimitMemory bounds the process's memory, unless GOMEMLIMIT says what its operator wants. A process that only follows does with it; one in which a
// network runs beside does not.
func LimitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
