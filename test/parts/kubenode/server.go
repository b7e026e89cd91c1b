//go:build linux

package kubenode

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/cluster"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/programs"
)

// Server is an API server without a node.
type Server struct {
	server   *cluster.Server
	programs cluster.Programs
}

// APIServer starts etcd and kube-apiserver on 127.0.0.1, and returns when it is ready. It has RBAC and every admission plugin that is on by default, with
// PodSecurity and ValidatingAdmissionPolicy among them. No controller runs: see cluster.Server. It ends with the test.
func APIServer(t testing.TB) *Server {
	t.Helper()
	found, err := cluster.Built(t.Context(), "etcd", "kube-apiserver", "kubectl")
	stopIfMissing(t, err)
	dir := folder(t, "kubeapi-*", found)
	server, err := cluster.StartServer(t.Context(), dir, found, time.Now())
	if err != nil {
		t.Fatalf("start an API server: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("stop the API server: %v", err)
		}
	})
	return &Server{server: server, programs: found}
}

// Kubeconfig is the path of a cluster-admin's.
func (s *Server) Kubeconfig() string { return s.server.Kubeconfig }

// URL is where it listens: https, on 127.0.0.1.
func (s *Server) URL() string { return s.server.URL }

// Kubectl runs kubectl as the cluster-admin and returns what it prints; input is what it reads. The error holds what it complains of.
func (s *Server) Kubectl(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.programs["kubectl"], append([]string{"--kubeconfig=" + s.Kubeconfig()}, args...)...)
	return cluster.Output(cmd, input, cmd.Start)
}

// stopIfMissing ends the test for an error of cluster.Find's: a part may be missing.
func stopIfMissing(t testing.TB, err error) {
	t.Helper()
	var missing *cluster.MissingError
	if errors.As(err, &missing) {
		parts.Missing(t, missing.What, missing.Install)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// folder makes a folder for servers and builds into it what takes a second: the keeper, and the named packages of this one. Whoever starts a keeper there
// gives it the folder; before that, the test removes it.
func folder(t testing.TB, pattern string, found cluster.Programs, packages ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", pattern)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // gone already, if it was started
	if err := programs.Quick(t.Context(), filepath.Join(dir, "bin"), append(packages, "keep/keeper")...); err != nil {
		t.Fatal(err)
	}
	for _, p := range append(packages, "keep/keeper") {
		found[filepath.Base(p)] = filepath.Join(dir, "bin", filepath.Base(p))
	}
	return dir
}
