package ctl

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
)

// fileOf is a file that the operator names: a file, which comes to an end, and not a pipe that nobody may ever write into.
func fileOf(path string) ([]byte, error) {
	return facts.File(os.DirFS(filepath.Dir(path)), filepath.Base(path))
}

// running is the system that a targets file names. What of it the operator has to have at hand is wrong usage if it is not there: everything else is looked at by the clauses.
func running(path string) (*facts.System, error) {
	text, err := fileOf(path)
	if err != nil {
		return nil, fmt.Errorf("%w: --live: %w", cli.ErrUsage, err)
	}
	t, err := facts.ReadTargets(text)
	if err == nil {
		err = atHand(t)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: --live %s: %w", cli.ErrUsage, path, err)
	}
	return facts.Running(t), nil
}

// atHand tells of a file or folder that the targets name and that is not there, or is something else.
func atHand(t facts.Targets) error {
	if t.Roots != "" {
		pem, err := fileOf(t.Roots)
		if err != nil {
			return fmt.Errorf("roots: %s: %w", t.Roots, err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return fmt.Errorf("roots: %s holds no certificate in PEM", t.Roots)
		}
	}
	if t.Cluster != (facts.Cluster{}) {
		if _, err := cluster.Config(t.Cluster); err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
	}
	if folder := t.Scans.Folder; folder != "" {
		if is, err := os.Stat(folder); err != nil || !is.IsDir() {
			return fmt.Errorf("scans: %s is no folder: fetch what the scanners have found into it", folder)
		}
	}
	return nil
}

func readBaseline(path string, whole *guide.Guide) (*guide.Baseline, error) {
	text, err := fileOf(path)
	if err != nil {
		return nil, fmt.Errorf("%w: --baseline: %w", cli.ErrUsage, err)
	}
	b, err := guide.ReadBaseline(text)
	if err == nil {
		err = b.Of(whole)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: --baseline %s: %w", cli.ErrUsage, path, err)
	}
	return &b, nil
}
