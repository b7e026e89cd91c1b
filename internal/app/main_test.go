package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
)

// asProgram makes the test binary the program itself, for tests that kill it.
const asProgram = "STELLARESCROW_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	go func() { // the parent holds the other end: when it is gone, however it went, nobody would stop this process
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	ctx, stop := cli.Stoppable(context.Background())
	defer stop()
	if err := Run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "stellarescrow:", err)
		os.Exit(1)
	}
}

// process is the program as a process of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	tmp    string    // its temporary folder, where nothing is left by a process that was not killed
	out    io.Closer // what it prints, after line
	line   string    // the first one it printed

	ended sync.Once
	err   error // of its end
}

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
)

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), tmp: t.TempDir()}
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+p.tmp)
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = out
	if _, err := p.cmd.StdinPipe(); err != nil { // stays open as long as this process lives
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	timer := time.AfterFunc(startTimeout, p.kill)
	defer timer.Stop()
	p.line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		t.Fatalf("%s printed nothing: %v; %s", strings.Join(args, " "), err, p.stderr.String())
	}
	return p
}

// kill ends the process as a power cut does.
func (p *process) kill() { p.end(os.Kill) }

// end sends the signal, unless the process has ended already, and waits.
func (p *process) end(s os.Signal) {
	p.ended.Do(func() {
		_ = p.cmd.Process.Signal(s) // it may have ended by itself
		late := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
		defer late.Stop()
		p.err = p.cmd.Wait()
	})
}

// stop asks the process to end, as control-C does, and wants it to do so well and to leave nothing behind.
func (p *process) stop() {
	p.t.Helper()
	p.end(os.Interrupt)
	if p.err != nil {
		p.t.Errorf("ended with %v: %s", p.err, p.stderr.String())
	}
	p.tidy()
}

// tidy wants nothing in the temporary folder of a process that has ended.
func (p *process) tidy() {
	p.t.Helper()
	left, err := os.ReadDir(p.tmp)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range left {
		p.t.Errorf("it left %s in the temporary folder", f.Name())
	}
}

func (p *process) ready() (r devReady) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.line), &r); err != nil {
		p.t.Fatalf("the ready line is not JSON: %v: %s", err, p.line)
	}
	return r
}

// get reads JSON from the running program.
func get(t *testing.T, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %s", url, res.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("GET %s: %v: %s", url, err, text)
	}
}
