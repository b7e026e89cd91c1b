package costs

import (
	"fmt"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// TestLedgerOfTrades computes how many of our calls a ledger of the main network carries (docs/contract-attacks.md K3).
func TestLedgerOfTrades(t *testing.T) {
	_, steps, w := lives(t)
	l := w.net.Settings().Limits
	clusters := int64(0)
	for _, e := range w.net.Settings().Entries {
		if e.ContractParallelCompute != nil {
			clusters = int64(e.ContractParallelCompute.LedgerMaxDependentTxClusters)
		}
	}
	if clusters == 0 {
		t.Fatal("the settings do not say how many clusters a ledger may have")
	}
	of := func(f func(cost) int64) (sum int64) {
		for _, s := range steps {
			sum += f(s.cost)
		}
		return sum
	}
	instructions := of(func(c cost) int64 { return int64(c.declared.Instructions) })

	p := newSection(t, "A ledger full of trades")
	p.para("Each call that moves money writes what is owed in the asset and our balance in it, so the network runs the trades in one asset one after the other: they are one of the %d clusters that may run side by side, and only one cluster's "+
		"instructions are theirs. All else a ledger has is for everybody. The table divides a ledger's limits by what the four calls of a simple trade declare: trades a ledger, if it carried nothing else.", clusters)
	var rows [][]string
	least, name := 0.0, ""
	for _, m := range []struct {
		name        string
		limit, uses int64
	}{
		{"instructions, trades in one asset", l.LedgerInstructions, instructions},
		{"instructions, trades in several assets", l.LedgerInstructions * clusters, instructions},
		{"transactions", int64(l.LedgerContractTxs), int64(len(steps))},
		{"transaction bytes", int64(l.LedgerTxBytes), of(func(c cost) int64 { return int64(c.size) })},
		{"entries from disk", int64(l.LedgerDiskReadEntries), of(func(c cost) int64 { return int64(c.diskReads) })},
		{"bytes from disk", int64(l.LedgerDiskReadBytes), of(func(c cost) int64 { return int64(c.declared.DiskReadBytes) })},
		{"entries to write", int64(l.LedgerWriteEntries), of(func(c cost) int64 { return int64(len(c.declared.Footprint.ReadWrite)) })},
		{"bytes to write", int64(l.LedgerWriteBytes), of(func(c cost) int64 { return int64(c.declared.WriteBytes) })},
	} {
		trades := float64(m.limit) / float64(m.uses)
		if name == "" || trades < least {
			least, name = trades, m.name
		}
		rows = append(rows, []string{m.name, n(m.limit), n(m.uses), fmt.Sprintf("%.1f", trades)})
	}
	p.table([]string{"limit", "a ledger has", "a trade takes", "trades a ledger"}, rows)
	closes := ledger.CloseSeconds * time.Second
	p.para("%q ends first: %.1f trades a ledger, %.1f calls; with a ledger every %d seconds, %.1f trades a second in all. That trades in one asset stand in line is not what limits them.",
		name, least, least*float64(len(steps)), int(closes.Seconds()), least/closes.Seconds())
	if one := float64(l.LedgerInstructions) / float64(instructions); one <= least {
		t.Errorf("trades in one asset are limited by their running one after the other (%.1f a ledger): the page says they are not", one)
	}
	p.check()
}
