package app

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDevTakesItsFolderAway however it is asked to end: by control-C, by a service manager, by a terminal that is closed.
func TestDevTakesItsFolderAway(t *testing.T) {
	// Whoever is run by nohup starts programs that a closed terminal does not end; what this test hears, they do not ignore.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	for name, s := range map[string]os.Signal{"control-C": os.Interrupt, "SIGTERM": syscall.SIGTERM, "the terminal is closed": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			p := start(t, "dev", "--listen", "127.0.0.1:0", "--json")
			if begun, err := os.ReadDir(p.tmp); err != nil || len(begun) != 1 {
				t.Fatalf("while it runs there are %v, %v in its temporary folder, want one: this test would see nothing", begun, err)
			}
			p.end(s)
			if p.err != nil {
				t.Errorf("ended with %v: %s", p.err, p.stderr.String())
			}
			p.tidy()
		})
	}
}

// TestDemoTakesItsFolderAway when nobody reads on, as behind `head`: the next write fails, and says so.
func TestDemoTakesItsFolderAway(t *testing.T) {
	p := start(t, "demo")
	if err := p.out.Close(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	p.ended.Do(func() { p.err = p.cmd.Wait() })
	if code := p.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(p.stderr.String(), "broken pipe") {
		t.Errorf("it ended with %d: %s", code, p.stderr.String())
	}
	p.tidy()
}
