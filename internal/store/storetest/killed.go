package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// hostage makes a test's binary, run again by that test, begin a rebuild of the store that it names, and wait to be killed: in its midst, or,
// with "swap ", in the midst of the swap.
const hostage = "STELLARESCROW_TEST_REBUILD"

// KilledRebuild kills a process that rebuilds the store at where, which open opens, and looks at what is left. The test that calls it calls
// nothing else.
func KilledRebuild(t *testing.T, where string, open func(t *testing.T, where string) Engine) {
	ctx := t.Context()
	right := full(2)
	if what := os.Getenv(hostage); what != "" {
		swap := strings.HasPrefix(what, "swap ")
		s := open(t, strings.TrimPrefix(what, "swap "))
		r, err := s.Rebuild(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Write(ctx, []store.Change{every(right)}); err != nil {
			t.Fatal(err)
		}
		wait := func(context.Context, store.Rest) (store.Finish, error) {
			fmt.Println("a hostage is ready")
			time.Sleep(time.Minute)
			return store.Finish{}, errors.New("nobody has killed it")
		}
		if swap {
			t.Fatal(r.Swap(ctx, nil, wait))
		}
		_, err = wait(ctx, store.Rest{})
		t.Fatal(err)
	}
	s := open(t, where)
	w := newWorld(t, s, contractA)
	w.apply(w.next(every(full(1))))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	for _, mode := range []string{"", "swap "} {
		want := read(t, s)
		cmd := exec.CommandContext(ctx, self, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), hostage+"="+mode+where, "TMPDIR="+tmp)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ready := false
		var lines []string
		for scan := bufio.NewScanner(out); !ready && scan.Scan(); {
			ready = scan.Text() == "a hostage is ready"
			lines = append(lines, scan.Text())
		}
		if !ready {
			t.Fatalf("the process did not come so far: %v", lines)
		}
		if mode == "" {
			if _, err := s.Rebuild(ctx); !errors.Is(err, store.ErrRebuilding) {
				t.Errorf("beside it: %v, want ErrRebuilding", err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("it has made %v, %v in the temporary folder, and nobody removes it: what is prepared is prepared if !Hostage()", left, err)
		}
		same(t, mode+"after the kill", read(t, s), want)
		w.apply(w.next(every(trade(contractA, 10+len(mode))))) // and nobody waits
	}
	var r store.Rebuilding
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // until the server has noticed
		if r, err = s.Rebuild(ctx); !errors.Is(err, store.ErrRebuilding) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Trade(ctx, right.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what the killed one has written: %v, want ErrNotFound", err)
	}
	if err := r.Write(ctx, []store.Change{every(right)}); err != nil {
		t.Fatal(err)
	}
	if err := r.Swap(ctx, nil, func(_ context.Context, rest store.Rest) (store.Finish, error) {
		return store.Finish{Feed: told(t, rest.Head)}, nil
	}); err != nil {
		t.Fatal(err)
	}
	same(t, "after a rebuild that was not killed", read(t, s).Trades, []store.Trade{*right})
}

// Hostage tells whether this binary was run to be killed: what the test prepares is there already.
func Hostage() bool { return os.Getenv(hostage) != "" }
