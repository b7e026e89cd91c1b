package localnet_test

import (
	"bytes"
	"encoding/json"
	"os"
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
		t.Errorf("balances of buyer and seller: %s and %s, want 570000000 and 430000000", got.Buyer, got.Seller)
	}
	if len(got.Events) != 2 || got.Events[0].Tx != got.Transfers[0] || got.Events[1].Tx != got.Transfers[1] ||
		got.Events[0].Amount != "300000000" || got.Events[1].Amount != "120000000" {
		t.Errorf("events %v, want one of 300000000 and one of 120000000, of the transfers %v", got.Events, got.Transfers)
	}
	if got.Counted != 41 || !got.Refused {
		t.Errorf("the contract counted %d, want 41; its error was recognised: %v, want true", got.Counted, got.Refused)
	}
	if got.Health != "healthy" || got.Protocol != 27 || got.VersionProtocol != 27 || got.Ledgers != 3 || got.FirstTransaction != got.Transfers[0] || got.Fee != "100" {
		t.Errorf("the network says %+v: want it healthy, protocol 27 twice, 3 ledgers, the first transaction the first transfer, a fee of 100", got)
	}
	if got.Bad != "ERROR" || got.BadCode != "txBadAuth" {
		t.Errorf("an unsigned transaction: %s %s, want ERROR txBadAuth", got.Bad, got.BadCode)
	}
}

// The SDK extends, restores and bumps fees, too: testdata/js/lives.js.
func TestJavaScriptLives(t *testing.T) {
	program := parts.Program(t, "node", "apt-get install nodejs")
	modules := parts.Folder(t, filepath.Join(jsFolder, "node_modules"), "npm ci in test/js")
	wasm, err := filepath.Abs("../../contract/fixtures/wasm/board.wasm")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/js/lives.js")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() // node looks for the SDK beside the script
	for _, err := range []error{os.WriteFile(filepath.Join(dir, "lives.mjs"), script, 0o644), os.Symlink(modules, filepath.Join(dir, "node_modules"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	url, _ := serve(t, open(t, localnet.Options{}))
	about, err := json.Marshal(map[string]string{"rpc": url, "wasm": wasm})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "lives.mjs", string(about))
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("lives.js: %v\n%s", err, stderr.Bytes())
	}
	var got struct {
		FeeBump, Restored                                             bool
		CallerPaid, SponsorPaid, Charged, First, Longer, Ended, Again int64
		Text                                                          string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("lives.js printed %q: %v", out, err)
	}
	if !got.FeeBump || got.CallerPaid != 0 || got.SponsorPaid != got.Charged || got.Charged < 200 {
		t.Errorf("a bumped call: %+v, want one that the sponsor alone pays for, 200 stroops at least", got)
	}
	// A new entry lives for 120 days at least; then for what it is extended to, in ledgers; 0 while it is archived; the call that restores it finds its text.
	if got.First < 2_073_600 || got.Longer != 2_500_000 || got.Ended != 0 || !got.Restored || got.Again != 2_600_000 || got.Text != "paid for" {
		t.Errorf("lifetimes: %+v, want First from 2073600 on, Longer 2500000, Ended 0, Restored, Again 2600000 and the text \"paid for\"", got)
	}
}
