package settings

import (
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

func costs() xdr.ContractCostParams {
	return make(xdr.ContractCostParams, int(xdr.ContractCostTypeBn254FrInv)+1)
}

// Every limit that is enforced outside the host is there, and a set that lacks one is refused.
func TestCompleteness(t *testing.T) {
	n := MainNetwork(costs(), costs())
	if got, err := New(n.Name, n.Entries); err != nil || got.Limits != n.Limits {
		t.Fatalf("the main network's own settings: %v", err)
	}
	missing := 0
	for i := range n.Entries {
		if _, err := New("less", slices.Delete(slices.Clone(n.Entries), i, i+1)); err != nil {
			missing++
		}
	}
	if missing != 10 {
		t.Errorf("leaving one out was refused for %d of the settings, want 10", missing)
	}
}

// A few numbers that people know the main network by.
func TestMainNetworkNumbers(t *testing.T) {
	l := MainNetwork(costs(), costs()).Limits
	for name, c := range map[string][2]int64{
		"instructions":         {l.TxInstructions, 400_000_000},
		"contract bytes":       {int64(l.ContractBytes), 128 << 10},
		"data entry bytes":     {int64(l.DataEntryBytes), 64 << 10},
		"key bytes":            {int64(l.DataKeyBytes), 250},
		"persistent, ledgers":  {int64(l.MinPersistentTTL), 120 * 17_280},
		"longest, ledgers":     {int64(l.MaxEntryTTL), 180 * 17_280},
		"events and result":    {int64(l.TxEventBytes), 16 << 10},
		"entries of footprint": {int64(l.TxFootprintEntries), 400},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %d, want %d", name, c[0], c[1])
		}
	}
}
