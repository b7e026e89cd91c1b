package app

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

var update = flag.Bool("update", false, "write the table of metrics in the operators' page, and the demo's step in the README, anew")

const manual = "../../docs/operations/indexer.md"

// metricsTable is what Prometheus is told, as a table for people: each metric with its labels, and its own words of itself.
func metricsTable(t *testing.T, text string) string {
	t.Helper()
	const prefix = "stellar_escrow_"
	help := map[string]string{}
	labels := map[string][]string{}
	sample := regexp.MustCompile(`^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? `)
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "# HELP "+prefix); ok {
			name, says, _ := strings.Cut(strings.TrimSpace(rest), " ")
			help[name] = says
		}
		m := sample.FindStringSubmatch(line)
		if m == nil || !strings.HasPrefix(m[1], prefix) {
			continue
		}
		name := strings.TrimPrefix(m[1], prefix)
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels[name], label[1]) && label[1] != "le" {
				labels[name] = append(labels[name], label[1])
			}
		}
	}
	var rows []string
	for name, says := range help {
		shown := name
		if l := labels[name]; len(l) > 0 {
			slices.Sort(l)
			shown += "{" + strings.Join(l, ",") + "}"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", shown, says))
	}
	slices.Sort(rows)
	return strings.Join(rows, "\n")
}

// checkMetricsTable holds the operators' page against what a running indexer tells.
func checkMetricsTable(t *testing.T, text string) {
	t.Helper()
	page := string(must(os.ReadFile(manual)))
	const before, behind = "| metric | what it says |\n| --- | --- |\n", "\n\n## Rotating a secret"
	head, rest, ok := strings.Cut(page, before)
	had, tail, ok2 := strings.Cut(rest, behind)
	if !ok || !ok2 {
		t.Fatalf("%s has no table of metrics", manual)
	}
	want := metricsTable(t, text)
	if *update {
		if err := os.WriteFile(manual, []byte(head+before+want+behind+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if had != want {
		t.Errorf("%s: the table of metrics is not what a running indexer tells: go test ./internal/app -run Keeper -update\n%s", manual, want)
	}
	// What the alerts name must be there.
	for _, name := range regexp.MustCompile("`(\\w+)(?:\\{[^}]*\\})?`").FindAllStringSubmatch(section(t, page, "## Alerts"), -1) {
		if strings.Contains(name[1], "_") && strings.ToLower(name[1]) == name[1] && !strings.Contains(want, "`"+name[1]) {
			t.Errorf("%s: an alert names %s, which there is not", manual, name[1])
		}
	}
}

func section(t *testing.T, page, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, title)
	if !ok {
		t.Fatalf("%s has no section %q", manual, title)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// Every command of the operators' page does what it says, on a platform that runs.
func TestTheManualsCommands(t *testing.T) {
	shell, curl := parts.Program(t, "sh", "it comes with every system"), parts.Program(t, "curl", "apt-get install curl")
	p := ownPlatform(t)
	secrets := secretsFolder(t, file(t))
	s := startServers(t, p, p.ready.RPC, secrets)
	r := p.ready
	r.API = s.apiURL
	id := openTrade(t, r)
	waitFor(t, func() bool { var trade struct{}; return found(r.API+"/trades/"+id, &trade) })

	bin := t.TempDir()
	for name, script := range map[string]string{
		"stellarescrow": fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", asProgram, must(filepath.Abs(os.Args[0]))),
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	env := append(os.Environ(), "PATH="+bin+":"+filepath.Dir(curl)+":/usr/bin:/bin", "SECRETS_DIR="+secrets, "NETWORK_PASSPHRASE="+p.ready.Passphrase, "INDEXER="+s.indexerURL,
		fmt.Sprintf("CONTRACT_ID=%s:%d", p.ready.Contract, p.state.Start), "STELLAR_RPC_URLS="+p.ready.RPC, "SECOND_RPC_URL="+p.ready.RPC, "INDEXER_URL="+s.indexerURL,
		"INDEXER_LISTEN=127.0.0.1:0", "API_LISTEN=127.0.0.1:0", "API_METRICS_LISTEN=127.0.0.1:0")
	want := map[string]string{
		"curl -s $INDEXER/readyz":                                         `"state": "following"`,
		"curl -s $INDEXER/metrics | grep stellar_escrow_":                 "stellar_escrow_indexer_ledger",
		"stellarescrow indexer verify":                                    "1 trades compared",
		"stellarescrow indexer verify --all --second-rpc $SECOND_RPC_URL": "by the second server",
		"stellarescrow indexer state-hash":                                "  1 trades\n",
		"stellarescrow indexer rebuild":                                   "1 events projected anew",
		"stellarescrow indexer":                                           "The indexer follows",
		"stellarescrow api":                                               "The API is at",
	}
	ran := 0
	for _, line := range commandsOf(t) {
		says, known := want[line]
		if !known {
			t.Errorf("%s shows the command %q, which this test does not know", manual, line)
			continue
		}
		ran++
		serves := line == "stellarescrow indexer" || line == "stellarescrow api"
		out, err := printed(t, shell, line, env, serves)
		if err != nil || !strings.Contains(out, says) {
			t.Errorf("%s\n%s(%v), want %q", line, out, err, says)
		}
	}
	// What is stopped says so, and does not end as if it were done.
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for _, command := range []string{"rebuild", "state-hash", "verify"} {
		args := []string{"indexer", command, "--secrets", secrets, "--network-passphrase", p.ready.Passphrase}
		if command == "verify" {
			args = append(args, "--rpc", p.ready.RPC)
		}
		if err := Run(stopped, args, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
			t.Errorf("%s that is stopped ends as if it were done", command)
		}
	}
	if ran < len(want) {
		t.Errorf("%d commands are on the page, want %d", ran, len(want))
	}
	s.api.stop()
	s.indexer.stop()
}

// commandsOf are the lines of the page's shell blocks.
func commandsOf(t *testing.T) (lines []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(must(os.ReadFile(manual))), -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	return lines
}

// printed is what a command prints; of one that serves, its first line, and then it is asked to end.
func printed(t *testing.T, shell, line string, env []string, serves bool) (string, error) {
	t.Helper()
	if serves {
		line = "exec " + line
	}
	cmd := exec.CommandContext(t.Context(), shell, "-c", line)
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if _, err := cmd.StdinPipe(); err != nil { // stays open as long as this process lives
		return "", err
	}
	if !serves {
		out, err := cmd.Output()
		return string(out) + stderr.String(), err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return first + stderr.String(), err
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return first, err
	}
	return first, cmd.Wait()
}
