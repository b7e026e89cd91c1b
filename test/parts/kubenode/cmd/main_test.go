//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrongUse(t *testing.T) {
	stale := t.TempDir()
	// The number of a process that is no node's: ours.
	if err := os.WriteFile(filepath.Join(stale, "node.pid"), []byte(fmt.Sprint(os.Getpid())), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing", nil, exitUsage, usage},
		{"a word it does not know", []string{"down"}, exitUsage, usage},
		{"in without a command", []string{"in", stale}, exitUsage, usage},
		{"up with a folder", []string{"up", stale}, exitUsage, usage},
		{"a program that there is not", []string{"build", "kubeadm"}, exitFailed, "kubeadm"},
		{"a folder that is no node's", []string{"in", t.TempDir(), "true"}, exitFailed, "find the node"},
		{"a node that has ended", []string{"in", stale, "true"}, exitFailed, "it has ended"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, stderr bytes.Buffer
			if code := run(t.Context(), test.args, &out, &stderr); code != test.code || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("%q ends with %d and says %q, want %d and %q", test.args, code, &stderr, test.code, test.says)
			}
		})
	}
}
