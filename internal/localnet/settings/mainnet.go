package settings

import "github.com/stellar/go-stellar-sdk/xdr"

// MainNetwork returns the main network's settings, protocol 27, as published on 2026-07-29: read from its ConfigSetting entries by
// `stellar network settings --network mainnet`. The cost tables are the host crate's own calibration but for the rows in
// mainNetworkCPU and mainNetworkMemory; they are handed in because the crate knows them (host.DefaultCosts).
//
// What differs is the size of the live contract state, on which the rent rate depends: it is held at the size of that day
// (832,596,955 bytes, where the rate is at its floor), and not measured here.
func MainNetwork(cpu, memory xdr.ContractCostParams) Network {
	for t, p := range mainNetworkCPU() {
		cpu[t].ConstTerm, cpu[t].LinearTerm = p[0], p[1]
	}
	for t, p := range mainNetworkMemory() {
		memory[t].ConstTerm, memory[t].LinearTerm = p[0], p[1]
	}
	size := func(v xdr.Uint32) *xdr.Uint32 { return &v }
	window := make([]xdr.Uint64, windowSamples)
	for i := range window {
		window[i] = liveStateBytes
	}
	return network("main network, protocol 27, 2026-07-29", []xdr.ConfigSettingEntry{
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractMaxSizeBytes, ContractMaxSizeBytes: size(131_072)},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractComputeV0, ContractCompute: &xdr.ConfigSettingContractComputeV0{
			LedgerMaxInstructions:           580_000_000,
			TxMaxInstructions:               400_000_000,
			FeeRatePerInstructionsIncrement: 7, // stroops for 10,000
			TxMemoryLimit:                   41_943_040,
		}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractLedgerCostV0, ContractLedgerCost: &xdr.ConfigSettingContractLedgerCostV0{
			LedgerMaxDiskReadEntries: 1000, LedgerMaxDiskReadBytes: 400_000,
			LedgerMaxWriteLedgerEntries: 1000, LedgerMaxWriteBytes: 286_720,
			TxMaxDiskReadEntries: 200, TxMaxDiskReadBytes: 200_000,
			TxMaxWriteLedgerEntries: 200, TxMaxWriteBytes: 132_096,
			FeeDiskReadLedgerEntry: 1563, FeeWriteLedgerEntry: 2500, FeeDiskRead1Kb: 447,
			SorobanStateTargetSizeBytes:   3_000_000_000,
			RentFee1KbSorobanStateSizeLow: -17_000, RentFee1KbSorobanStateSizeHigh: 10_000,
			SorobanStateRentFeeGrowthFactor: 5000,
		}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractHistoricalDataV0,
			ContractHistoricalData: &xdr.ConfigSettingContractHistoricalDataV0{FeeHistorical1Kb: 4059}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractEventsV0,
			ContractEvents: &xdr.ConfigSettingContractEventsV0{TxMaxContractEventsSizeBytes: 16_384, FeeContractEvents1Kb: 5000}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractBandwidthV0,
			ContractBandwidth: &xdr.ConfigSettingContractBandwidthV0{LedgerMaxTxsSizeBytes: 266_240, TxMaxSizeBytes: 132_096, FeeTxSize1Kb: 406}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractCostParamsCpuInstructions, ContractCostParamsCpuInsns: &cpu},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractCostParamsMemoryBytes, ContractCostParamsMemBytes: &memory},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractDataKeySizeBytes, ContractDataKeySizeBytes: size(250)},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractDataEntrySizeBytes, ContractDataEntrySizeBytes: size(65_536)},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingStateArchival, StateArchivalSettings: &xdr.StateArchivalSettings{
			MaxEntryTtl:                   3_110_400, // 180 days of 5-second ledgers
			MinTemporaryTtl:               17_280,    // 1 day
			MinPersistentTtl:              2_073_600, // 120 days
			PersistentRentRateDenominator: 1215, TempRentRateDenominator: 2430,
			MaxEntriesToArchive:                  1000,
			LiveSorobanStateSizeWindowSampleSize: windowSamples, LiveSorobanStateSizeWindowSamplePeriod: 64,
			EvictionScanSize: 500_000, StartingEvictionScanLevel: 7,
		}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractExecutionLanes,
			ContractExecutionLanes: &xdr.ConfigSettingContractExecutionLanesV0{LedgerMaxTxCount: 2000}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingLiveSorobanStateSizeWindow, LiveSorobanStateSizeWindow: &window},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractParallelComputeV0,
			ContractParallelCompute: &xdr.ConfigSettingContractParallelComputeV0{LedgerMaxDependentTxClusters: 2}},
		{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractLedgerCostExtV0,
			ContractLedgerCostExt: &xdr.ConfigSettingContractLedgerCostExtV0{TxMaxFootprintEntries: 400, FeeWrite1Kb: 875}},
	})
}

const (
	windowSamples  = 30
	liveStateBytes = 832_596_955
)

// mainNetworkCPU has the constant and linear terms of the instruction costs in which the main network differs from the crate.
func mainNetworkCPU() map[xdr.ContractCostType][2]xdr.Int64 {
	return map[xdr.ContractCostType][2]xdr.Int64{
		xdr.ContractCostTypeDispatchHostFunction:     {295, 0},
		xdr.ContractCostTypeVisitObject:              {60, 0},
		xdr.ContractCostTypeValSer:                   {221, 26},
		xdr.ContractCostTypeValDeser:                 {331, 4369},
		xdr.ContractCostTypeComputeSha256Hash:        {3636, 7013},
		xdr.ContractCostTypeComputeEd25519PubKey:     {40256, 0},
		xdr.ContractCostTypeVerifyEd25519Sig:         {377551, 4059},
		xdr.ContractCostTypeVmInstantiation:          {417482, 45712},
		xdr.ContractCostTypeInvokeVmFunction:         {1945, 0},
		xdr.ContractCostTypeComputeKeccak256Hash:     {6481, 5943},
		xdr.ContractCostTypeDecodeEcdsaCurve256Sig:   {711, 0},
		xdr.ContractCostTypeRecoverEcdsaSecp256k1Key: {2314804, 0},
		xdr.ContractCostTypeInt256AddSub:             {4176, 0},
		xdr.ContractCostTypeInt256Mul:                {4716, 0},
		xdr.ContractCostTypeInt256Div:                {4680, 0},
		xdr.ContractCostTypeInt256Pow:                {4256, 0},
		xdr.ContractCostTypeInt256Shift:              {884, 0},
		xdr.ContractCostTypeChaCha20DrawBytes:        {1059, 502},
	}
}

func mainNetworkMemory() map[xdr.ContractCostType][2]xdr.Int64 {
	return map[xdr.ContractCostType][2]xdr.Int64{xdr.ContractCostTypeVmInstantiation: {132773, 4903}}
}
