package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

//go:embed testdata/probe.wasm
var probeWasm []byte

const passphrase = "Host test ; 2026"

// The machines are shared by all tests: compiling takes two seconds.
var (
	compiler    = sync.OnceValues(func() (*Machine, error) { return Compile(context.Background(), Options{}) })
	interpreter = sync.OnceValues(func() (*Machine, error) { return Compile(context.Background(), Options{Interpreter: true}) })
)

// world is the smallest ledger that can carry a Host: entries, an applied change, the time.
type world struct {
	t       testing.TB
	host    *Host
	entries map[string]Entry
	info    Info
	seeds   uint64
	failing error          // what Find answers instead
	finds   map[string]int // how often each key was asked for, if somebody counts
	// trace is the hash of each reply, in order.
	trace []string
}

func newWorld(t testing.TB, machine func() (*Machine, error)) *world {
	t.Helper()
	w := bareWorld(t, machine)
	w.settings()
	if err := w.host.Configure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// bareWorld has no settings yet.
func bareWorld(t testing.TB, machine func() (*Machine, error)) *world {
	t.Helper()
	m, err := machine()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, entries: map[string]Entry{}, info: Info{Protocol: 27, Sequence: 1000, Time: time.Unix(1_790_000_000, 0), BaseReserve: 5_000_000, NetworkID: network.ID(passphrase)}}
	if w.host, err = m.NewHost(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.host.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) Find(key []byte) (Entry, bool, error) {
	if w.finds != nil {
		w.finds[string(key)]++
	}
	e, ok := w.entries[string(key)]
	return e, ok, w.failing
}

func (w *world) encode(v encoding.BinaryMarshaler) []byte {
	w.t.Helper()
	b, err := v.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) put(data xdr.LedgerEntryData) {
	w.t.Helper()
	entry := xdr.LedgerEntry{LastModifiedLedgerSeq: xdr.Uint32(w.info.Sequence), Data: data}
	key, err := entry.LedgerKey()
	if err != nil {
		w.t.Fatal(err)
	}
	w.entries[string(w.encode(key))] = Entry{XDR: w.encode(entry)}
}

// settings are those published for the test network, numbers only; the cost tables are the crate's own.
func (w *world) settings() {
	w.t.Helper()
	cpu, memory, err := w.host.DefaultCosts(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	window := []xdr.Uint64{1 << 20}
	for id, c := range map[xdr.ConfigSettingId]xdr.ConfigSettingEntry{
		xdr.ConfigSettingIdConfigSettingContractComputeV0: {ContractCompute: &xdr.ConfigSettingContractComputeV0{
			LedgerMaxInstructions: 580_000_000, TxMaxInstructions: 400_000_000, FeeRatePerInstructionsIncrement: 7, TxMemoryLimit: 41_943_040}},
		xdr.ConfigSettingIdConfigSettingContractLedgerCostV0: {ContractLedgerCost: &xdr.ConfigSettingContractLedgerCostV0{
			LedgerMaxDiskReadEntries: 1000, LedgerMaxDiskReadBytes: 400_000, LedgerMaxWriteLedgerEntries: 1000, LedgerMaxWriteBytes: 286_720,
			TxMaxDiskReadEntries: 200, TxMaxDiskReadBytes: 200_000, TxMaxWriteLedgerEntries: 200, TxMaxWriteBytes: 132_096,
			FeeDiskReadLedgerEntry: 1563, FeeWriteLedgerEntry: 2500, FeeDiskRead1Kb: 447, SorobanStateTargetSizeBytes: 4_000_000_000,
			RentFee1KbSorobanStateSizeLow: -17000, RentFee1KbSorobanStateSizeHigh: 10000, SorobanStateRentFeeGrowthFactor: 5000}},
		xdr.ConfigSettingIdConfigSettingContractLedgerCostExtV0: {ContractLedgerCostExt: &xdr.ConfigSettingContractLedgerCostExtV0{TxMaxFootprintEntries: 400, FeeWrite1Kb: 875}},
		xdr.ConfigSettingIdConfigSettingContractHistoricalDataV0: {ContractHistoricalData: &xdr.ConfigSettingContractHistoricalDataV0{
			FeeHistorical1Kb: 4059}},
		xdr.ConfigSettingIdConfigSettingContractEventsV0: {ContractEvents: &xdr.ConfigSettingContractEventsV0{TxMaxContractEventsSizeBytes: 16384, FeeContractEvents1Kb: 5000}},
		xdr.ConfigSettingIdConfigSettingContractBandwidthV0: {ContractBandwidth: &xdr.ConfigSettingContractBandwidthV0{
			LedgerMaxTxsSizeBytes: 266_240, TxMaxSizeBytes: 132_096, FeeTxSize1Kb: 406}},
		xdr.ConfigSettingIdConfigSettingStateArchival: {StateArchivalSettings: &xdr.StateArchivalSettings{
			MaxEntryTtl: 3_110_400, MinTemporaryTtl: 720, MinPersistentTtl: 120_960, PersistentRentRateDenominator: 1215, TempRentRateDenominator: 2430,
			MaxEntriesToArchive: 1000, LiveSorobanStateSizeWindowSampleSize: 30, LiveSorobanStateSizeWindowSamplePeriod: 64, EvictionScanSize: 500_000, StartingEvictionScanLevel: 7}},
		xdr.ConfigSettingIdConfigSettingContractCostParamsCpuInstructions: {ContractCostParamsCpuInsns: &cpu},
		xdr.ConfigSettingIdConfigSettingContractCostParamsMemoryBytes:     {ContractCostParamsMemBytes: &memory},
		xdr.ConfigSettingIdConfigSettingLiveSorobanStateSizeWindow:        {LiveSorobanStateSizeWindow: &window},
	} {
		c.ConfigSettingId = id
		w.put(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &c})
	}
}

// person is an account with a key, made from a name so that all runs are alike.
func (w *world) person(name string) *keypair.Full {
	w.t.Helper()
	kp, err := keypair.FromRawSeed(sha256.Sum256([]byte(name)))
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
		AccountId: xdr.MustAddress(kp.Address()), Balance: 1_000_0000000, SeqNum: 1, Thresholds: xdr.Thresholds{1, 0, 0, 0}}})
	return kp
}

func (w *world) trust(kp *keypair.Full, a xdr.Asset, balance int64) {
	w.put(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.TrustLineEntry{
		AccountId: xdr.MustAddress(kp.Address()), Asset: a.ToTrustLineAsset(), Balance: xdr.Int64(balance), Limit: 1 << 60, Flags: 1}})
}

func (w *world) balance(kp *keypair.Full, a xdr.Asset) int64 {
	w.t.Helper()
	var key xdr.LedgerKey
	if err := key.SetTrustline(xdr.MustAddress(kp.Address()), a.ToTrustLineAsset()); err != nil {
		w.t.Fatal(err)
	}
	var entry xdr.LedgerEntry
	if err := xdr.SafeUnmarshal(w.entries[string(w.encode(key))].XDR, &entry); err != nil {
		w.t.Fatal(err)
	}
	return int64(entry.Data.TrustLine.Balance)
}

func (w *world) seed() (s [32]byte) {
	w.seeds++
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, w.seeds))
}

// simulate records a call of source; it must not be refused.
func (w *world) simulate(source *keypair.Full, fn xdr.HostFunction, change ...func(*SimulateRequest)) SimulateResult {
	w.t.Helper()
	q := SimulateRequest{Info: w.info, Seed: w.seed(), Source: xdr.MustAddress(source.Address()), Function: fn, Diagnostics: true}
	for _, c := range change {
		c(&q)
	}
	request, err := q.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := parseSimulate(w.do(opSimulate, request))
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// invokeRequest makes of a simulation what a transaction would hold, signed by signers.
func (w *world) invokeRequest(source *keypair.Full, fn xdr.HostFunction, sim SimulateResult, signers ...*keypair.Full) InvokeRequest {
	w.t.Helper()
	if sim.Data == nil {
		w.t.Fatalf("the simulation failed: %+v", sim.Failure)
	}
	return InvokeRequest{Info: w.info, Seed: w.seed(), Source: xdr.MustAddress(source.Address()), Function: fn,
		Auth: w.sign(sim.Auth, signers...), Data: *sim.Data, Diagnostics: true}
}

func (w *world) invoke(q InvokeRequest) InvokeResult {
	w.t.Helper()
	request, err := q.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := parseInvoke(w.do(opInvoke, request))
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// do is Host.do that must succeed, with its reply noted in the trace.
func (w *world) do(op uint32, request []byte) []byte {
	w.t.Helper()
	reply, err := w.host.do(w.t.Context(), op, request)
	if err != nil {
		w.t.Fatal(err)
	}
	w.trace = append(w.trace, fmt.Sprintf("%d %x", op, sha256.Sum256(reply)))
	return reply
}

// submit simulates, signs, invokes and applies.
func (w *world) submit(source *keypair.Full, fn xdr.HostFunction, signers ...*keypair.Full) InvokeResult {
	w.t.Helper()
	res := w.invoke(w.invokeRequest(source, fn, w.simulate(source, fn), signers...))
	w.apply(res)
	return res
}

// must is submit that has to succeed, and returns the value.
func (w *world) must(source *keypair.Full, fn xdr.HostFunction, signers ...*keypair.Full) xdr.ScVal {
	w.t.Helper()
	res := w.submit(source, fn, signers...)
	if res.Failure != nil {
		w.t.Fatalf("%v failed: %s", fn.Type, res.Failure.Text)
	}
	return *res.Value
}

// apply puts the changes into the ledger and closes it.
func (w *world) apply(res InvokeResult) {
	w.t.Helper()
	for _, c := range res.Changes {
		key := string(c.KeyXDR)
		switch {
		case c.Entry != nil:
			e := Entry{XDR: w.encode(c.Entry)}
			if c.TTL != nil {
				e.HasTTL, e.LiveUntil = true, c.TTL.After
			}
			w.entries[key] = e
		case c.Removed():
			delete(w.entries, key)
		case c.TTL != nil && c.TTL.After > c.TTL.Before:
			w.entries[key] = Entry{XDR: w.entries[key].XDR, HasTTL: true, LiveUntil: c.TTL.After}
		}
	}
	w.info.Sequence++
	w.info.Time = w.info.Time.Add(5 * time.Second)
}

// sign fills in the credentials of the signers, as their wallets would.
func (w *world) sign(auth []xdr.SorobanAuthorizationEntry, signers ...*keypair.Full) []xdr.SorobanAuthorizationEntry {
	w.t.Helper()
	signed := make([]xdr.SorobanAuthorizationEntry, len(auth))
	for i, raw := range auth {
		if err := xdr.SafeUnmarshal(w.encode(raw), &signed[i]); err != nil { // a copy: the caller's entries stay unsigned
			w.t.Fatal(err)
		}
		c := signed[i].Credentials.Address
		if c == nil {
			continue
		}
		c.SignatureExpirationLedger = xdr.Uint32(w.info.Sequence + 100)
		payload := sha256.Sum256(w.encode(xdr.HashIdPreimage{Type: xdr.EnvelopeTypeEnvelopeTypeSorobanAuthorization,
			SorobanAuthorization: &xdr.HashIdPreimageSorobanAuthorization{NetworkId: w.info.NetworkID, Nonce: c.Nonce,
				SignatureExpirationLedger: c.SignatureExpirationLedger, Invocation: signed[i].RootInvocation}}))
		for _, kp := range signers {
			if c.Address.AccountId == nil || c.Address.AccountId.Address() != kp.Address() {
				continue
			}
			signature, err := kp.Sign(payload[:])
			if err != nil {
				w.t.Fatal(err)
			}
			pub := xdr.MustAddress(kp.Address())
			c.Signature = scval.Vec(scval.Map(scval.Pair{Key: "public_key", Value: scval.Bytes(pub.Ed25519[:])}, scval.Pair{Key: "signature", Value: scval.Bytes(signature)}))
		}
	}
	return signed
}

// upload puts the probe's code on the ledger and returns its hash.
func (w *world) upload(by *keypair.Full) xdr.Hash {
	w.t.Helper()
	v := w.must(by, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &probeWasm})
	if want := sha256.Sum256(probeWasm); !bytes.Equal(*v.Bytes, want[:]) {
		w.t.Fatalf("the uploaded code has the hash %x, want %x", *v.Bytes, want)
	}
	return sha256.Sum256(probeWasm)
}

// probe creates a contract of by's, whose constructor by signs separately.
func (w *world) probe(by, source *keypair.Full, code xdr.Hash, salt byte) xdr.ScAddress {
	w.t.Helper()
	v := w.must(source, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
			FromAddress: &xdr.ContractIdPreimageFromAddress{Address: account(by), Salt: xdr.Uint256{salt}}},
		Executable:      xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &code},
		ConstructorArgs: []xdr.ScVal{scval.Address(account(by)), scval.U32(40)}}}, by)
	return *v.Address
}

// assetContract creates the contract of an asset.
func (w *world) assetContract(by *keypair.Full, a xdr.Asset) xdr.ScAddress {
	w.t.Helper()
	v := w.must(by, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContract, CreateContract: &xdr.CreateContractArgs{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAsset, FromAsset: &a},
		Executable:         xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableStellarAsset}}})
	return *v.Address
}

// snapshot is the ledger now, to see whether something changed.
func (w *world) snapshot() map[string]Entry { return maps.Clone(w.entries) }

func (w *world) unchanged(before map[string]Entry) bool {
	return maps.EqualFunc(before, w.entries, func(a, b Entry) bool {
		return bytes.Equal(a.XDR, b.XDR) && a.HasTTL == b.HasTTL && a.LiveUntil == b.LiveUntil
	})
}

func account(k *keypair.Full) xdr.ScAddress {
	return scval.Account(xdr.MustAddress(k.Address()))
}

// failure is the first line of a failure's text, without the host's prefix.
func failure(f *Failure) string {
	if f == nil {
		return ""
	}
	line, _, _ := strings.Cut(f.Text, "\n")
	return strings.TrimPrefix(line, "HostError: ")
}
