//go:build unix

package sim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/Abdullahi130/StellarEscrow/internal/app"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
)

// What makes the test binary the program itself, for tests that kill it, and at which commit it is to die (SQLite only); 0 for none.
const (
	asProgram = "SIM_TEST_AS_PROGRAM"
	dieAt     = "SIM_TEST_DIE_AT"
)

// asked runs the program if this process is to be it.
func asked() {
	if os.Getenv(asProgram) == "" {
		return
	}
	go func() { // the parent holds the other end: when it is gone, however it went, nobody would stop this process
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	if n, err := strconv.Atoi(os.Getenv(dieAt)); err == nil && n > 0 {
		dieAtCommit(n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := app.Run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "stellarescrow:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// dieAtCommit kills this process when SQLite is about to make its n-th commit durable: all is written, nothing stays.
func dieAtCommit(n int) {
	var mu sync.Mutex
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return errors.New("the driver has no hooks")
		}
		hooks.RegisterCommitHook(func() int32 {
			mu.Lock()
			defer mu.Unlock()
			if n--; n == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return 0
		})
		return nil
	})
}

// program is the indexer as a process of its own.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ready  chan string // its URL, when it says that it is ready; closed without one if it has ended before

	done chan struct{} // closed when it has ended
	err  error         // of its end
}

// run starts `stellarescrow indexer` on a node and a store, and does not wait for it.
func (c *chain) run(t *testing.T, node, secrets string, env ...string) *program {
	t.Helper()
	args := []string{"indexer", "--rpc", node, "--poll", "10ms", "--listen", "127.0.0.1:0", "--json", "--secrets", secrets, "--network-passphrase", c.network.Passphrase()}
	for _, contract := range c.contracts {
		args = append(args, "--contract", fmt.Sprintf("%s:%d", contract.Address, contract.Start))
	}
	p := &program{t: t, cmd: exec.Command(os.Args[0], args...), ready: make(chan string, 1), done: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.cmd.StdinPipe(); err != nil { // stays open as long as this process lives
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	go func() {
		defer close(p.ready)
		line, err := bufio.NewReader(out).ReadBytes('\n')
		var ready struct{ Indexer string }
		if err == nil && json.Unmarshal(line, &ready) == nil {
			p.ready <- ready.Indexer
		}
		_, _ = io.Copy(io.Discard, out) // whatever else it prints must not stop it
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p
}

// kill ends the process as a power cut does, and waits.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// stop asks it to end, and wants it to do so well.
func (p *program) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if <-p.done; p.err != nil {
		p.t.Errorf("it ended with %v: %s", p.err, p.stderr.String())
	}
}

// died tells whether the process was killed, by whomever; one that ended in another way is a failure.
func (p *program) died() bool {
	select {
	case <-p.done:
	default:
		return false
	}
	var exit *exec.ExitError
	if !errors.As(p.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		p.t.Fatalf("it ended with %v: %s", p.err, p.stderr.String())
	}
	return true
}

// catchUp waits until everything up to a ledger has been read; it answers false if the process is killed before.
func (p *program) catchUp(ledger uint32) bool {
	p.t.Helper()
	url, ok := <-p.ready
	var r indexer.Readiness
	for range 6000 {
		if p.died() {
			return false
		}
		if ok && readiness(url, &r) && r.State == indexer.Following && r.Ledger >= ledger {
			return true
		}
		time.Sleep(10 * time.Millisecond) // another process: there is no clock to step
	}
	p.t.Fatalf("it has not read up to ledger %d in a minute: %+v\n%s", ledger, r, p.stderr.String())
	return false
}

func readiness(url string, into *indexer.Readiness) bool {
	res, err := http.Get(url + "/readyz")
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	return json.NewDecoder(res.Body).Decode(into) == nil
}

// secretsFolder is a mounted folder with what the program needs.
func secretsFolder(t *testing.T, database string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"DATABASE_URL": database, "RELAY_SECRET": rand.Text() + rand.Text()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
