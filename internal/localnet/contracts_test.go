package localnet_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/wasmfile"
)

// deployer uploads and creates contracts.
type deployer struct {
	*stranger
	who  *keypair.Full
	made byte
}

func (d *deployer) upload(wasm []byte) xdr.Hash {
	d.t.Helper()
	v, _ := d.call(d.who, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &wasm})
	return xdr.Hash(*v.Bytes)
}

func (d *deployer) create(hash xdr.Hash, args ...xdr.ScVal) xdr.ScAddress {
	d.t.Helper()
	d.made++
	v, _ := d.call(d.who, creation(d.who, d.made, hash, args...))
	return *v.Address
}

func creation(who *keypair.Full, salt byte, hash xdr.Hash, args ...xdr.ScVal) xdr.HostFunction {
	return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
			FromAddress: &xdr.ContractIdPreimageFromAddress{Address: accountAddress(who), Salt: xdr.Uint256{salt}}},
		Executable:      xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash},
		ConstructorArgs: args}}
}

// Contracts of the main network work here as there: an exchange that makes a contract for each pair of tokens, somebody's token, and
// the one by which validators propose settings.
func TestMainNetworkContracts(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	d := &deployer{stranger: s, who: s.account()}
	hashes := map[string]xdr.Hash{}
	files, err := filepath.Glob("testdata/contracts/*.wasm")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		wasm, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		hash := d.upload(wasm)
		if hash != sha256.Sum256(wasm) {
			t.Errorf("%s is known as %x", f, hash)
		}
		hashes[strings.TrimSuffix(filepath.Base(f), ".wasm")] = hash
	}
	me := scval.Address(accountAddress(d.who))
	call := func(contract xdr.ScAddress, name string, args ...xdr.ScVal) xdr.ScVal {
		t.Helper()
		v, _ := s.call(d.who, scval.Call(contract, name, args...))
		return v
	}
	var tokens []xdr.ScAddress
	for _, name := range []string{"apples", "pears"} {
		token := d.create(hashes["aqua_token"])
		call(token, "initialize", me, scval.U32(7), scval.String(name), scval.String(name))
		call(token, "mint", me, scval.I128(2_000_000_000))
		if got := call(token, "name"); got.Str == nil || string(*got.Str) != name {
			t.Errorf("the name of %s: %v", name, got)
		}
		tokens = append(tokens, token)
	}
	factory, router := d.create(hashes["soroswap_factory"]), d.create(hashes["soroswap_router"])
	pair := hashes["soroswap_pair"]
	call(factory, "initialize", me, scval.Bytes(pair[:]))
	call(router, "initialize", scval.Address(factory))

	a, b := scval.Address(tokens[0]), scval.Address(tokens[1])
	deadline := scval.U64(1 << 40)
	const pooled, paid = 1_000_000_000, 1_000_000
	shares := call(router, "add_liquidity", a, b, scval.I128(pooled), scval.I128(pooled), scval.I128(0), scval.I128(0), me, deadline)
	if list := values(shares); len(list) != 3 || list[0] != pooled || list[1] != pooled || list[2] != pooled-1000 {
		t.Errorf("adding liquidity gave %v", list)
	}
	if got := call(factory, "all_pairs_length"); got.U32 == nil || *got.U32 != 1 {
		t.Errorf("the factory has made %v contracts, want 1", got)
	}
	made := call(factory, "get_pair", a, b)
	if got := call(*made.Address, "get_reserves"); fmt.Sprint(values(got)) != fmt.Sprint([]int64{pooled, pooled}) {
		t.Errorf("the pair has %v", values(got))
	}
	// The fee is 0.3 %, up; what goes out leaves the product of both reserves where it was, down.
	after := int64(paid - paid*3/1000)
	out := after * pooled / (pooled + after)
	swapped := call(router, "swap_exact_tokens_for_tokens", scval.I128(paid), scval.I128(out), scval.Vec(a, b), me, deadline)
	if list := values(swapped); len(list) != 2 || list[1] != out {
		t.Errorf("%d went in and %v came out, want %d", paid, list, out)
	}
	for i, want := range []int64{2_000_000_000 - pooled - paid, 2_000_000_000 - pooled + out} {
		if got := call(tokens[i], "balance", me); values(scval.Vec(got))[0] != want {
			t.Errorf("of token %d there are %v left, want %d", i, values(scval.Vec(got)), want)
		}
	}
	if sim := s.simulate(d.who, scval.Call(router, "swap_exact_tokens_for_tokens", scval.I128(paid), scval.I128(paid), scval.Vec(a, b), me, deadline)); !strings.HasPrefix(sim.Error, "HostError: Error(Contract, #") {
		t.Errorf("a swap for more than there is: %.60q", sim.Error)
	}

	text := []byte("an upgrade that nobody votes for")
	writer := d.create(hashes["write_upgrade_bytes"])
	if got := call(writer, "write", scval.Bytes(text)); got.Bytes == nil || [32]byte(*got.Bytes) != sha256.Sum256(text) {
		t.Errorf("the writer says %v, want the hash of what was written", got)
	}
}

// values reads amounts out of a list.
func values(v xdr.ScVal) (list []int64) {
	if v.Vec == nil {
		return nil
	}
	for _, e := range **v.Vec {
		if e.I128 != nil {
			list = append(list, int64(e.I128.Lo))
		}
	}
	return list
}

var folder = flag.String("contracts", "", "a `folder` of .wasm files for TestContractsOfAFolder")

// Whatever contracts are in a folder upload and are created, and each of their functions that needs no arguments comes to an end: in a
// value, or in an error that the contract or the host names. With the 3,933 files that the main network has (docs/localnet.md) it takes
// some minutes.
func TestContractsOfAFolder(t *testing.T) {
	if *folder == "" {
		t.Skip("-contracts=FOLDER is not given: a folder of .wasm files")
	}
	files, err := filepath.Glob(filepath.Join(*folder, "*.wasm"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no .wasm file in %s: %v", *folder, err)
	}
	n := localnettest.Open(t, localnet.Options{})
	d := &deployer{stranger: newStranger(t, n)}
	var uploaded, created, needed, answered, refused int
	for _, f := range files {
		wasm, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d.who = d.account()
		name := filepath.Base(f)
		sim := d.simulate(d.who, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &wasm})
		if sim.Error != "" {
			t.Errorf("%s does not upload: %.200s", name, sim.Error)
			continue
		}
		hash := d.upload(wasm)
		uploaded++
		functions := functionsOf(t, name, wasm)
		if slices.ContainsFunc(functions, func(f xdr.ScSpecFunctionV0) bool { return f.Name == "__constructor" && len(f.Inputs) > 0 }) {
			needed++
			continue
		}
		if sim := d.simulate(d.who, creation(d.who, 1, hash)); sim.Error != "" {
			if !strings.HasPrefix(sim.Error, "HostError: Error(") {
				t.Errorf("%s is not created: %.200s", name, sim.Error)
			}
			needed++
			continue
		}
		contract := d.create(hash)
		created++
		for _, f := range functions {
			if len(f.Inputs) > 0 || strings.HasPrefix(string(f.Name), "__") {
				continue
			}
			switch sim := d.simulate(d.who, scval.Call(contract, string(f.Name))); {
			case sim.Error == "":
				answered++
			case strings.HasPrefix(sim.Error, "HostError: Error("):
				refused++
			default:
				t.Errorf("%s.%s: %.200s", name, f.Name, sim.Error)
			}
		}
	}
	t.Logf("%d files: %d uploaded, %d created, %d whose constructor needs something; of their functions without arguments %d answered and %d refused",
		len(files), uploaded, created, needed, answered, refused)
}

// functionsOf reads what a contract says of itself.
func functionsOf(t *testing.T, name string, wasm []byte) (list []xdr.ScSpecFunctionV0) {
	t.Helper()
	m, err := wasmfile.Parse(wasm)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	spec, _ := m.Custom("contractspecv0")
	for r := bytes.NewReader(spec); r.Len() > 0; {
		var e xdr.ScSpecEntry
		if _, err := xdr.Unmarshal(r, &e); err != nil {
			t.Logf("%s: its spec cannot be read to the end: %v", name, err)
			return list
		}
		if e.FunctionV0 != nil {
			list = append(list, *e.FunctionV0)
		}
	}
	return list
}
