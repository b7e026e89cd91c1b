// Package payertest has a network and a store for tests of what pays: in memory, on the clock of the test, and as unreliable as the test wants
// them. They stand in for real ones where a run of faults would take hours of waiting; that the real ones behave so, other tests show.
package payertest
