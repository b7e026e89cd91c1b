//go:build linux

package docker

import (
	"context"
	"errors"
	"os/exec"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// composed is what Compose is built of.
var composed = cache.Program{
	Name: "docker-compose", Module: "github.com/docker/compose/v2", Version: "v2.40.3", Sum: "h1:XeYkQu1svDtyfZPv5nTwFryQ25ZJMkIlc4pz9HalMPI=", Main: "./cmd",
}

// ComposeProgram is the path of Docker Compose, which is built where it is not yet: two minutes on an idle machine. It needs no engine to read a file.
func ComposeProgram(t testing.TB) string {
	t.Helper()
	goProgram := parts.Program(t, "go", "https://go.dev/doc/install")
	path, err := composed.Build(t.Context(), goProgram, t.Output())
	var unreachable *cache.UnreachableError
	if errors.As(err, &unreachable) {
		parts.Missing(t, err.Error(), unreachable.Install())
	}
	if err != nil {
		t.Fatalf("build Docker Compose: %v", err)
	}
	return path
}

// Compose is a run of Docker Compose against this engine, outside the box. Set its folder, add to its environment, and run it with procgroup.Run.
func (e *Engine) Compose(ctx context.Context, t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := procgroup.Command(ctx, ComposeProgram(t), args...)
	cmd.Env = e.environment()
	return cmd
}
