package settings

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Network is a whole set of settings.
type Network struct {
	Name    string // what they are and of which day; part of a data folder's identity
	Entries []xdr.ConfigSettingEntry
	Limits  Limits
}

// Limits are those settings that are enforced outside the contract host.
type Limits struct {
	TxInstructions     int64
	TxFootprintEntries int // keys
	TxDiskReadEntries  uint32
	TxDiskReadBytes    uint32
	TxWriteEntries     int
	TxWriteBytes       uint32
	TxBytes            int // XDR of the envelope
	TxEventBytes       uint32
	TxMemoryBytes      uint64
	ContractBytes      uint32
	DataKeyBytes       int
	DataEntryBytes     int

	LedgerInstructions    int64
	LedgerDiskReadEntries uint32
	LedgerDiskReadBytes   uint32
	LedgerWriteEntries    uint32
	LedgerWriteBytes      uint32
	LedgerTxBytes         uint32
	LedgerContractTxs     uint32
	MaxEntryTTL           uint32 // ledgers
	MinPersistentTTL      uint32 // ledgers
	LiveSorobanStateBytes uint64
	found                 int
}

// New takes entries as a network publishes them. It fails when one that is enforced outside the host is missing.
func New(name string, entries []xdr.ConfigSettingEntry) (n Network, err error) {
	n = network(name, entries)
	if n.Limits.found != 10 {
		return Network{}, fmt.Errorf("settings %q: %d of the 10 settings with limits are there", name, n.Limits.found)
	}
	return n, nil
}

func network(name string, entries []xdr.ConfigSettingEntry) Network {
	n := Network{Name: name, Entries: entries}
	l := &n.Limits
	for _, e := range entries {
		l.found++
		switch e.ConfigSettingId {
		case xdr.ConfigSettingIdConfigSettingContractMaxSizeBytes:
			l.ContractBytes = uint32(*e.ContractMaxSizeBytes)
		case xdr.ConfigSettingIdConfigSettingContractComputeV0:
			c := e.ContractCompute
			l.TxInstructions, l.LedgerInstructions = int64(c.TxMaxInstructions), int64(c.LedgerMaxInstructions)
			l.TxMemoryBytes = uint64(c.TxMemoryLimit)
		case xdr.ConfigSettingIdConfigSettingContractLedgerCostV0:
			c := e.ContractLedgerCost
			l.TxDiskReadEntries, l.TxDiskReadBytes = uint32(c.TxMaxDiskReadEntries), uint32(c.TxMaxDiskReadBytes)
			l.TxWriteEntries, l.TxWriteBytes = int(c.TxMaxWriteLedgerEntries), uint32(c.TxMaxWriteBytes)
			l.LedgerDiskReadEntries, l.LedgerDiskReadBytes = uint32(c.LedgerMaxDiskReadEntries), uint32(c.LedgerMaxDiskReadBytes)
			l.LedgerWriteEntries, l.LedgerWriteBytes = uint32(c.LedgerMaxWriteLedgerEntries), uint32(c.LedgerMaxWriteBytes)
		case xdr.ConfigSettingIdConfigSettingContractEventsV0:
			l.TxEventBytes = uint32(e.ContractEvents.TxMaxContractEventsSizeBytes)
		case xdr.ConfigSettingIdConfigSettingContractBandwidthV0:
			l.TxBytes, l.LedgerTxBytes = int(e.ContractBandwidth.TxMaxSizeBytes), uint32(e.ContractBandwidth.LedgerMaxTxsSizeBytes)
		case xdr.ConfigSettingIdConfigSettingContractDataKeySizeBytes:
			l.DataKeyBytes = int(*e.ContractDataKeySizeBytes)
		case xdr.ConfigSettingIdConfigSettingContractDataEntrySizeBytes:
			l.DataEntryBytes = int(*e.ContractDataEntrySizeBytes)
		case xdr.ConfigSettingIdConfigSettingStateArchival:
			l.MaxEntryTTL, l.MinPersistentTTL = uint32(e.StateArchivalSettings.MaxEntryTtl), uint32(e.StateArchivalSettings.MinPersistentTtl)
		case xdr.ConfigSettingIdConfigSettingContractExecutionLanes:
			l.LedgerContractTxs = uint32(e.ContractExecutionLanes.LedgerMaxTxCount)
		case xdr.ConfigSettingIdConfigSettingContractLedgerCostExtV0:
			l.TxFootprintEntries = int(e.ContractLedgerCostExt.TxMaxFootprintEntries)
		case xdr.ConfigSettingIdConfigSettingLiveSorobanStateSizeWindow:
			for _, v := range *e.LiveSorobanStateSizeWindow {
				l.LiveSorobanStateBytes = uint64(v)
			}
			l.found--
		default:
			l.found--
		}
	}
	return n
}
