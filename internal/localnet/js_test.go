package localnet_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const jsFolder = "../../test/js"

// The official JavaScript SDK, unchanged, does what a stranger would: test/js/transfer.js.
func TestJavaScriptSDK(t *testing.T) {
	node := parts.Program(t, "node", "apt-get install nodejs")
	parts.Folder(t, filepath.Join(jsFolder, "node_modules", "@stellar", "stellar-sdk"), "npm ci in test/js")
	wasm, err := filepath.Abs("host/testdata/probe.wasm")
	if err != nil {
		t.Fatal(err)
	}
	n := open(t, localnet.Options{})
	url, _ := serve(t, n)
	code, issuer, contract := n.USDC()
	about, err := json.Marshal(map[string]any{"rpc": url, "wasm": wasm, "usdc": map[string]string{"code": code, "issuer": issuer, "contract": contract}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "transfer.js", string(about))
	cmd.Dir = jsFolder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("transfer.js: %v\n%s", err, stderr.Bytes())
	}
	var got struct {
		Buyer, Seller, Health, FirstTransaction, Fee, Bad, BadCode string
		Transfers                                                  []string
		Events                                                     []struct{ ID, Tx, Amount string }
		Refused                                                    bool // as the error that the contract declares
		Counted, Protocol, VersionProtocol, Ledgers                int
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("transfer.js printed %q: %v", out, err)
	}
	if got.Buyer != "570000000" || got.Seller != "430000000" {
		t.Errorf("balances of buyer and seller: %s and %s", got.Buyer, got.Seller)
	}
	if len(got.Events) != 2 || got.Events[0].Tx != got.Transfers[0] || got.Events[1].Tx != got.Transfers[1] ||
		got.Events[0].Amount != "300000000" || got.Events[1].Amount != "120000000" {
		t.Errorf("events %v of transfers %v", got.Events, got.Transfers)
	}
	if got.Counted != 41 || !got.Refused {
		t.Errorf("the contract counted %d, and its error was recognised: %v", got.Counted, got.Refused)
	}
	if got.Health != "healthy" || got.Protocol != 27 || got.VersionProtocol != 27 || got.Ledgers != 3 || got.FirstTransaction != got.Transfers[0] || got.Fee != "100" {
		t.Errorf("%+v", got)
	}
	if got.Bad != "ERROR" || got.BadCode != "txBadAuth" {
		t.Errorf("an unsigned transaction: %s %s", got.Bad, got.BadCode)
	}
}
