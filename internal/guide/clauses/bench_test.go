//go:build unix

package clauses

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
	prepared "github.com/Abdullahi130/StellarEscrow/test/parts/opinions"
)

// look audits our own tree, with nothing known of it beforehand.
func look(b *testing.B) guide.Report {
	b.Helper()
	g, err := Guide()
	if err != nil {
		b.Fatal(err)
	}
	controls := slices.DeleteFunc(slices.Clone(g.Controls()), func(c guide.Control) bool { return slices.Contains(unhurried, c.ID) })
	return guide.Audit(b.Context(), controls, guide.Asked{Tree: facts.Open(os.DirFS(root)), Within: time.Minute, Now: time.Now})
}

// BenchmarkTree is one audit of our own tree, which may take 1.5 s, and how many times as long the tools take that answer some of the same
// questions, one after the other: they are to take 10 times as long. A tool that is not installed is a missing part.
func BenchmarkTree(b *testing.B) {
	if dir, err := prepared.Folder(b.Context()); err == nil {
		b.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+dir)
	} else if !errors.Is(err, cache.ErrMissing) {
		b.Fatal(err)
	}
	const prepare = "make test PARTS=required PART=prepare"
	tools := []struct {
		name, install string
		args          []string
		failsToo      bool // exit codes other than 0 count what it found
	}{
		{"checkov", prepare, []string{"-d", "infra/terraform", "--skip-download", "--quiet", "--compact"}, true},
		{"checkov", prepare, []string{"-d", "k8s", "--framework", "kubernetes", "--skip-download", "--quiet", "--compact"}, true},
		{"hadolint", prepare, []string{"images/api/Dockerfile", "images/client/Dockerfile", "images/indexer/Dockerfile", "images/backup/Dockerfile"}, true},
		{"zizmor", prepare, []string{"--offline", ".github/workflows"}, true},
		{"promtool", "apt-get install -y --no-install-recommends prometheus", []string{"check", "config", "--syntax-only", "monitoring/prometheus.yml"}, false},
	}
	var theirs time.Duration
	for _, tool := range tools {
		path := parts.Program(b, tool.name, tool.install)
		cmd := exec.CommandContext(b.Context(), path, tool.args...)
		cmd.Dir = filepath.FromSlash(root)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		took := time.Since(began)
		if err != nil && !tool.failsToo || len(out) == 0 && tool.name == "checkov" {
			b.Fatalf("%s %v: %v\n%s", tool.name, tool.args, err, out)
		}
		b.Logf("%s %v: %.2f s", tool.name, tool.args, took.Seconds())
		theirs += took
	}
	var ours time.Duration
	for b.Loop() {
		began := time.Now()
		r := look(b)
		ours += time.Since(began)
		if len(r.Clauses) < 55 {
			b.Fatalf("only %d clauses were judged", len(r.Clauses))
		}
	}
	ours /= time.Duration(b.N)
	b.ReportMetric(ours.Seconds(), "s/audit")
	b.ReportMetric(theirs.Seconds(), "s/tools")
	b.ReportMetric(float64(theirs)/float64(ours), "times-faster")
	if ours > 1500*time.Millisecond || ours*10 > theirs {
		b.Errorf("an audit took %s, the tools %s: more than 1.5 s or a tenth", ours, theirs)
	}
}

// BenchmarkProve breaks our own tree in every way that the controls name; it may take 3 minutes.
func BenchmarkProve(b *testing.B) {
	g, err := Guide()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	proof, err := g.Prove(b.Context(), g.Controls(), checkout(b), guide.Asked{Within: time.Minute, Now: time.Now})
	took := time.Since(began)
	if err != nil || proof.Err() != nil {
		b.Fatal(err, proof.Err())
	}
	b.ReportMetric(float64(len(proof.Tried)), "breaks")
	b.ReportMetric(took.Seconds(), "s/proof")
	if took > 3*time.Minute {
		b.Errorf("it took %s", took)
	}
}
