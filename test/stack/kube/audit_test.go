//go:build linux

package kube_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// clauses are those that an audit can answer of a cluster and its door.
var clauses = []string{"N1", "N2", "N3", "N4", "N5", "N6", "N7", "N11", "N12", "N13", "N14", "S1", "S2", "S3", "S4", "S11", "P1", "P2", "P3", "C1", "C4", "C5"}

// audited runs the audit as an operator does, on the node: every clause holds, of files and of what runs.
func (s *stack) audited(t *testing.T) {
	dir := t.TempDir()
	roots, targets := filepath.Join(dir, "roots.pem"), filepath.Join(dir, "targets.yaml")
	text := fmt.Sprintf("door: https://%s\naddress: %s:443\nroots: %s\ncluster: {kubeconfig: %s, context: kubenode}\n", outside.Site, outside.Box, roots, s.node.Kubeconfig())
	for path, text := range map[string]string{roots: string(s.outside.Authority.PEM()), targets: text} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"audit", "--tree", s.tree, "--live", targets, "--format", "json"}, clauses...)
	out, failed := s.node.Exec(t.Context(), filepath.Join(s.programs, "escrowctl"), args...)
	var report struct {
		Clauses []struct {
			ID, Verdict, Tree, Live string
			Modes                   []string
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v, %v: %s", err, failed, out)
	}
	if len(report.Clauses) != len(clauses) {
		t.Errorf("of %v the report has %d clauses", clauses, len(report.Clauses))
	}
	holds := []string{"PASS", "GUIDE DEFECT"}
	for _, c := range report.Clauses {
		t.Logf("%-3s %-13s files %-13s running %-13s %v", c.ID, c.Verdict, c.Tree, c.Live, c.Modes)
		if !slices.Contains(holds, c.Live) || !slices.Contains(holds, c.Verdict) {
			text, _ := s.node.Exec(t.Context(), filepath.Join(s.programs, "escrowctl"), "audit", "--tree", s.tree, "--live", targets, c.ID)
			t.Errorf("%s is %s, running %s: %v\n%s", c.ID, c.Verdict, c.Live, c.Modes, text)
		}
	}
}
