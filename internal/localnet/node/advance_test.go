package node_test

import (
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
)

// TestAdvanceIsOfTheLedgersTime makes ledgers faster than seconds pass, and then waits an hour: of theirs, not of the clock they left behind.
func TestAdvanceIsOfTheLedgersTime(t *testing.T) {
	n := newWorld(t, node.Options{})
	for range 6 {
		if _, err := n.Fund(t.Context(), keypair.MustRandom().Address()); err != nil {
			t.Fatal(err)
		}
	}
	last, err := n.Last()
	if err != nil {
		t.Fatal(err)
	}
	before := last.CloseTime()
	if _, err := n.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	o, err := n.Fund(t.Context(), keypair.MustRandom().Address())
	if err != nil {
		t.Fatal(err)
	}
	if passed := o.CloseTime - before; passed < 3600 {
		t.Errorf("an hour was waited for, and %d s passed between ledgers", passed)
	}
}
