package indexer

import (
	"os"
	"runtime/debug"
)

// memoryLimit is what the Go runtime of an indexer's process keeps to (runtime/debug.SetMemoryLimit), in bytes: two pages of events and what is
// remembered take 60 to 90 MB of it, and below it garbage would be let lie, a collection for each 50 MB. The whole process takes 25 MB more and stays below
// 200 MB however much there is to read (185 MB of 983,420 events: go test -run '^$' -bench Ingest -benchtime 1x ./test/bench).
const memoryLimit = 148 << 20

// LimitMemory bounds the process's memory, unless GOMEMLIMIT says what its operator wants. A process that only follows does with it; one in which a
// network runs beside does not.
func LimitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
