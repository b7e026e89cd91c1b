package localnettest

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

// Lives is for Options.Settings: the main network, but for how long persistent entries live, in ledgers: least from their creation, most
// whoever extends them. So a test sees an entry archived without making millions of ledgers. It panics if settings are missing, which is a
// mistake of package settings.
func Lives(least, most uint32) func(cpu, memory xdr.ContractCostParams) settings.Network {
	return func(cpu, memory xdr.ContractCostParams) settings.Network {
		n := settings.MainNetwork(cpu, memory)
		for i, e := range n.Entries {
			if e.StateArchivalSettings != nil {
				short := *e.StateArchivalSettings
				short.MinPersistentTtl, short.MaxEntryTtl = xdr.Uint32(least), xdr.Uint32(most)
				n.Entries[i].StateArchivalSettings = &short
			}
		}
		n, err := settings.New(fmt.Sprintf("main network with lives of %d to %d ledgers", least, most), n.Entries)
		if err != nil {
			panic(err)
		}
		return n
	}
}
