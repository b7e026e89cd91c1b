package relayserver

import (
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := stellar.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Only what would really be published counts as an event: neither diagnostics nor what a caught failure has undone.
func TestSimulatedEvents(t *testing.T) {
	real, undone, diagnostic := by(1, scval.String("real"), scval.Symbol("paid")), by(1, scval.String("undone"), scval.Symbol("paid")), by(1, scval.String("fn"), scval.Symbol("fn_call"))
	real.Event.Type, undone.Event.Type = xdr.ContractEventTypeContract, xdr.ContractEventTypeContract
	real.InSuccessfulContractCall, diagnostic.InSuccessfulContractCall = true, true
	answer := protocol.SimulateTransactionResponse{
		TransactionDataXDR: encoded(t, xdr.SorobanTransactionData{Resources: xdr.SorobanResources{
			Instructions: 5, DiskReadBytes: 6, WriteBytes: 7,
			Footprint: xdr.LedgerFootprint{ReadOnly: make([]xdr.LedgerKey, 0), ReadWrite: []xdr.LedgerKey{stellar.InstanceKey(stellar.Address{Contract: true})}},
		}, Ext: xdr.SorobanTransactionDataExt{V: 1, ResourceExt: &xdr.SorobanResourcesExtV0{ArchivedSorobanEntries: []xdr.Uint32{0}}}}),
		EventsXDR:       []string{encoded(t, diagnostic), encoded(t, undone), encoded(t, real)},
		MinResourceFee:  8,
		RestorePreamble: &protocol.RestorePreamble{TransactionDataXDR: "AAAA", MinResourceFee: 9},
	}
	sim, err := translate(answer)
	if err != nil {
		t.Fatal(err)
	}
	if len(sim.Events) != 1 || sim.Events[0] != encoded(t, real.Event) {
		t.Errorf("events %v, want the real one", sim.Events)
	}
	want := relay.Cost{Instructions: 5, DiskReadBytes: 6, WriteBytes: 7, WriteEntries: 1, RestoreEntries: 1}
	if sim.Cost != want || sim.MinResourceFee != 8 || sim.Restore == nil || sim.Restore.MinResourceFee != 9 {
		t.Errorf("%+v, restore %+v", sim, sim.Restore)
	}

	for name, spoil := range map[string]func(*protocol.SimulateTransactionResponse){
		"no data":      func(a *protocol.SimulateTransactionResponse) { a.TransactionDataXDR = "" },
		"broken data":  func(a *protocol.SimulateTransactionResponse) { a.TransactionDataXDR = "AAAA" },
		"broken event": func(a *protocol.SimulateTransactionResponse) { a.EventsXDR = []string{"AAAA"} },
	} {
		broken := answer
		spoil(&broken)
		if sim, err := translate(broken); err == nil {
			t.Errorf("%s: %+v", name, sim)
		}
	}
}
