package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/app"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// platform starts `stellarescrow dev --json` in this process and returns its ready line; it is stopped with the test.
func platform(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := app.Run(ctx, append([]string{"dev", "--listen", "127.0.0.1:0", "--json"}, args...), w, io.Discard)
		w.CloseWithError(err)
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("dev: %v", err)
		}
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("dev: %v", err)
	}
	return line
}

// TestTradeByJavaScriptSDK has the official SDK, unchanged, do a whole trade: test/js/trade.js.
func TestTradeByJavaScriptSDK(t *testing.T) {
	node := parts.Program(t, "node", "apt-get install nodejs")
	parts.Folder(t, "../js/node_modules", "npm ci in test/js")
	cmd := exec.CommandContext(t.Context(), node, "trade.js", platform(t))
	cmd.Dir = "../js"
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("trade.js: %v\n%s", err, errs.String())
	}
	var got struct {
		ID, Buyer, Seller, Contract string
		Stage                       int
		Events                      []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("trade.js printed %q: %v", out, err)
	}
	events := []string{"opened", "accepted", "funded", "delivered", "released", "released", "refunded", "ended"}
	if !slices.Equal(got.Events, events) {
		t.Errorf("events %v, want %v", got.Events, events)
	}
	// Of 100 USDC 40 were released, less 0.5 %, and 60 refunded.
	if got.Buyer != "-400000000" || got.Seller != "398000000" || got.Contract != "2000000" || got.Stage != 3 {
		t.Errorf("gained: buyer %s, seller %s, contract %s, stage %d", got.Buyer, got.Seller, got.Contract, got.Stage)
	}
}

// TestReadmeCommands runs the lines that the README tells people to type, on a platform of the test's own.
func TestReadmeCommands(t *testing.T) {
	curl := parts.Program(t, "curl", "apt-get install curl")
	readme, err := os.ReadFile(filepath.FromSlash("../../README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"go run ./cmd/stellarescrow dev", "make test", "go run ./cmd/stellarescrow demo"} {
		if !strings.Contains(string(readme), "\n$ "+command+"\n") {
			t.Errorf("the README does not show the command %q", command)
		}
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(makefile), "\ntest: ") {
		t.Error("the Makefile has no target test")
	}
	var ready struct{ API string }
	if err := json.Unmarshal([]byte(platform(t)), &ready); err != nil {
		t.Fatal(err)
	}
	base := strings.TrimSuffix(ready.API, "/v1")
	ran := 0
	for line := range strings.SplitSeq(string(readme), "\n") {
		command, ok := strings.CutPrefix(line, "$ curl ")
		if !ok {
			continue
		}
		ran++
		command = strings.ReplaceAll(command, "http://127.0.0.1:4000", base)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", curl+" --fail-with-body --silent "+command).CombinedOutput()
		if err != nil || !json.Valid(out) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if ran == 0 {
		t.Error("the README shows no curl line")
	}
}
