package relayserver

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

// TestHeadroomKnowsTheNetwork holds what headroom takes for the main network's limits and rates against its settings, which stand in one place. A limit
// is to be exactly the network's: above it nothing is included, below it calls that could be made are not. A rate is to cover the network's.
func TestHeadroomKnowsTheNetwork(t *testing.T) {
	none := func() xdr.ContractCostParams { return make(xdr.ContractCostParams, 100) } // costs of instructions, of which nothing is asked here
	n := settings.MainNetwork(none(), none())
	if maxWriteBytes != n.Limits.TxWriteBytes {
		t.Errorf("a transaction may declare %d bytes to write, headroom goes to %d", n.Limits.TxWriteBytes, maxWriteBytes)
	}
	if maxInstructions != n.Limits.TxInstructions {
		t.Errorf("a transaction may use %d instructions, headroom goes to %d", n.Limits.TxInstructions, maxInstructions)
	}
	const kB = 1024
	rates := 0
	covers := func(what string, ours, theirs float64) {
		t.Helper()
		rates++
		if theirs <= 0 || ours < theirs {
			t.Errorf("%s: the network takes %.2f stroops, headroom reckons with %.2f", what, theirs, ours)
		}
	}
	for _, e := range n.Entries {
		if c := e.ContractCompute; c != nil {
			covers("10,000 instructions", instructionFee, float64(c.FeeRatePerInstructionsIncrement))
		}
		if c := e.ContractLedgerCost; c != nil {
			covers("an entry to write", writeEntryFee, float64(c.FeeWriteLedgerEntry))
		}
		if c := e.ContractLedgerCostExt; c != nil {
			covers("a byte to write", writeFee, float64(c.FeeWrite1Kb)/kB)
		}
		if c := e.ContractEvents; c != nil {
			// What is parked is told in an event of less than half a kB.
			covers("the event of what is parked", eventFee, float64(c.FeeContractEvents1Kb)/2)
		}
		if c := e.StateArchivalSettings; c != nil {
			// The network takes no less than 1,000 stroops a kB, and no more as long as its state is no larger than it means it to be.
			covers("a byte for the longest life", rentFee, 1000*float64(c.MaxEntryTtl)/float64(c.PersistentRentRateDenominator)/kB)
		}
	}
	if rates != 5 {
		t.Errorf("the settings have %d of the 5 rates", rates)
	}
}
