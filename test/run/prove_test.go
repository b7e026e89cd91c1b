package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A go that passes what PASS names, says what it was asked for, and has proved a number.
const provingGo = `
echo "$*" >>"$LOG"
case "$*" in *"$FAIL"*) echo "--- FAIL"; exit 1 ;; esac
[ -n "$MUTE" ] || echo "    world_test.go:12: proved: 100 worlds"
exit 0`

// A proof that failed or was stopped goes on with the steps that have not passed; what is changed is proved anew; a step that passes without
// having looked at anything is a failure.
func TestProveGoesOn(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	tree := filepath.Join(t.TempDir(), "tree")
	if err := os.WriteFile(tree, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"LOG": log, "TREE": tree, "MUTE": ""} {
		t.Setenv(name, value)
	}
	programs(t, map[string]string{"go": provingGo, "git": `[ "$1" != rev-parse ] || cat "$TREE"`})
	var out bytes.Buffer
	s := suite{out: &out, cache: t.TempDir()}
	run := func(fail string) (ran int, err error) {
		t.Helper()
		t.Setenv("FAIL", fail)
		if err := os.WriteFile(log, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		err = s.proveAll(t.Context(), "nodes")
		text, readErr := os.ReadFile(log)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return strings.Count(string(text), "\n"), err
	}
	if ran, err := run("-seed=301"); err == nil || ran != 10 || !strings.Contains(out.String(), "FAILED: 1 of 10 steps") {
		t.Errorf("with one step that fails: %d ran, %v\n%s", ran, err, out.String())
	}
	if ran, err := run("nothing"); err != nil || ran != 1 || !strings.Contains(out.String(), "proved (9 steps earlier") || strings.Count(out.String(), "100 worlds") != 11 {
		t.Errorf("the second time: %d ran, %v\n%s", ran, err, out.String())
	}
	if ran, err := run("nothing"); err != nil || ran != 0 {
		t.Errorf("the third time: %d ran, %v", ran, err)
	}
	if err := os.WriteFile(tree, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ran, err := run("nothing"); err != nil || ran != 10 {
		t.Errorf("another tree: %d ran, %v", ran, err)
	}
	if err := os.WriteFile(tree, []byte("three"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MUTE", "1")
	if _, err := run("nothing"); err == nil || !strings.Contains(err.Error(), "looked at nothing") {
		t.Errorf("steps that prove nothing: %v", err)
	}
	if err := s.proveAll(t.Context(), "no such"); err == nil || !strings.Contains(err.Error(), "plans, nodes, lockstep, sim, submits, kills, commits") {
		t.Errorf("%v", err)
	}
}
