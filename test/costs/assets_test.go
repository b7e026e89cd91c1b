package costs

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// otherAssets is how many of them somebody fills the contract with.
const otherAssets = 1_000

// TestOtherAssets is docs/contract-attacks.md E10: what is owed in an asset stands in an entry of its own, so that nobody can make everybody's calls
// dearer by trades in assets of no value.
func TestOtherAssets(t *testing.T) {
	_, before, _ := lives(t)
	w := newWorld(t)
	c := w.people("simple", simple.panel)
	d := simple
	d.name = "first"
	w.live(c, d)
	w.fill(c)
	d.name = "later"
	after := w.live(c, d)

	p := newSection(t, "A thousand other assets")
	p.para("The same trade in a contract that holds USDC alone, and in one that owes something in %s other assets: nobody can make others' calls dearer by filling the contract.", n(otherAssets))
	var compared [][]string
	for i, s := range after {
		a, b := before[i].cost, s.cost
		for _, same := range []struct {
			what        string
			alone, full uint64
		}{
			{"instructions", a.instructions, b.instructions}, {"memory", a.memory, b.memory}, {"entries read", a.readEntries, b.readEntries},
			{"bytes from disk", a.readBytes, b.readBytes}, {"entries written", a.writtenEntries, b.writtenEntries}, {"bytes written", a.written, b.written},
			{"transaction bytes", uint64(a.size), uint64(b.size)}, {"fee without rent", uint64(a.charged - a.rent), uint64(b.charged - b.rent)},
		} {
			if same.alone != same.full {
				t.Errorf("%s: %s: %d with USDC alone, %d with %d other assets", s.name, same.what, same.alone, same.full, otherAssets)
			}
		}
		compared = append(compared, []string{s.name, n(a.instructions), n(b.instructions), n(a.readEntries), n(b.readEntries), n(a.charged - a.rent), n(b.charged - b.rent)})
	}
	p.table([]string{"call", "instructions, USDC alone", "with the others", "entries read, USDC alone", "entries, with the others", "charged without rent, USDC alone", "with the others"}, compared)
	p.check()
}

// fill makes the contract owe one unit in each of the other assets: the bond of their issuer, who needs no trustline. Only the first of them is simulated;
// what the others declare is the same but for the names in it.
func (w *world) fill(c cast) {
	w.t.Helper()
	issuer := w.account("issuer of other assets")
	var creation, opening host.SimulateResult
	var names [2][32]byte // in opening: of the asset's contract, of the trade
	for i := range otherAssets {
		asset := xdr.MustNewCreditAsset(fmt.Sprintf("X%03d", i), issuer.Address())
		contract, err := stellar.AssetContract(w.name, asset)
		if err != nil {
			w.t.Fatal(err)
		}
		terms := w.terms(c, deal{name: "filled", milestones: 1, each: 1, bond: 1})
		terms.Asset, terms.Seller = escrow.Address(contract.String()), escrow.Address(issuer.Address())
		call := w.tree(escrow.CallOpen{Terms: terms, By: escrow.Seller})
		id := w.id(terms)

		create, err := stellar.CreateAsset(w.envelope(issuer), asset)
		if err != nil {
			w.t.Fatal(err)
		}
		if i == 0 {
			creation = w.simulate(create, xdr.HostFunction{
				Type: xdr.HostFunctionTypeHostFunctionTypeCreateContract, CreateContract: &xdr.CreateContractArgs{
					ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAsset, FromAsset: &asset},
					Executable:         xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableStellarAsset},
				},
			}, nil)
			names = [2][32]byte{contract.Key, id}
		}
		w.submit(issuer, create, w.renamed(creation, names[:1], contract.Key))

		open, err := stellar.Invoke(w.envelope(issuer), call.Call)
		if err != nil {
			w.t.Fatal(err)
		}
		if i == 0 {
			opening = w.simulate(open, hostCall(call.Call), nil)
		}
		sim := w.renamed(opening, names[:], contract.Key, id)
		sim.Auth = []xdr.SorobanAuthorizationEntry{{
			Credentials:    xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount},
			RootInvocation: call.Invocation(),
		}}
		w.submit(issuer, open, sim)
		if i == otherAssets-1 {
			owed, err := stellar.DecodeOwed(w.view(stellar.ViewOwed(w.contract, contract)))
			if err != nil || owed.Total != amount.Int(1) {
				w.t.Fatalf("in the last of the other assets %v are owed, %v", owed, err)
			}
		}
	}
}

// renamed is what a simulation says, with other names of contracts and trades in the footprint.
func (w *world) renamed(sim host.SimulateResult, old [][32]byte, now ...[32]byte) host.SimulateResult {
	w.t.Helper()
	raw, err := sim.Data.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	for i, name := range old {
		raw = bytes.ReplaceAll(raw, name[:], now[i][:])
	}
	var data xdr.SorobanTransactionData
	if err := data.UnmarshalBinary(raw); err != nil {
		w.t.Fatal(err)
	}
	sim.Data = &data
	return sim
}
