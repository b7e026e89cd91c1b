//go:build unix

package indexer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"
)

// What the child is told.
const (
	childPath   = "INDEXER_TEST_STORE"    // follow the chain into this store, and end when all is read
	childCommit = "INDEXER_TEST_DIE_AT"   // die while SQLite is about to make this commit durable; 0 for never
	killLedgers = 60                      // of the chain that is followed
	killSeed    = 21                      // what makes it the same chain in each process
	childReady  = "the child begins"      // it says so, then reads
	childTest   = "^TestTheChildOfAKill$" // and where it begins
	mostStarts  = 400                     // before the test says that there is no progress
)

func killChain() *chain {
	c := newChain(killSeed, 2).play(killLedgers)
	c.perPage, c.window = 6, 3 // many small batches
	return c
}

// TestMain is also the beginning of the process that is killed.
func TestMain(m *testing.M) {
	path := os.Getenv(childPath)
	if path == "" {
		os.Exit(m.Run())
	}
	go func() { // the parent holds the other end: when it is gone, however it went, nobody would stop this process
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	if err := follow(path, os.Getenv(childCommit)); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// follow reads the chain into the store at path; it does not live to return if it is to die at a commit.
func follow(path, dieAt string) error {
	die, err := strconv.Atoi(dieAt)
	if err != nil {
		return err
	}
	commits := 0
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return errors.New("the driver has no hooks")
		}
		hooks.RegisterCommitHook(func() int32 { // all written, nothing durable
			if commits++; commits == die {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return 0
		})
		return nil
	})
	c := killChain()
	fmt.Println(childReady)
	s, err := openSite(context.Background(), c, path)
	if err != nil {
		return err
	}
	return errors.Join(s.catchUp(context.Background()), s.store.Close())
}

// child starts one, and returns when it says that it begins.
func child(t *testing.T, path string, die int) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+path, childCommit+"="+strconv.Itoa(die))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // stays open as long as this process lives
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == childReady {
			break
		}
	}
	go func() { // whatever else it prints must not stop it
		for lines := bufio.NewScanner(out); lines.Scan(); {
		}
	}()
	return cmd
}

// killed runs children on one store until one of them ends by itself, and returns how many were killed.
func killed(t *testing.T, path string, next func() (die int, after time.Duration)) int {
	t.Helper()
	for kills := range mostStarts {
		die, after := next()
		cmd := child(t, path, die)
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		var err error
		select {
		case err = <-done:
		case <-time.After(after):
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			err = <-done
		}
		var exit *exec.ExitError
		switch {
		case err == nil:
			return kills
		case !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL:
			t.Fatalf("start %d ended with %v", kills, err)
		}
	}
	t.Fatalf("not at the end after %d starts", mostStarts)
	return 0
}

// checkKilled compares a store that was written by killed processes with one that was not.
func checkKilled(t *testing.T, path string) {
	t.Helper()
	c := killChain()
	whole := newSite(t, c, filepath.Join(t.TempDir(), "whole.db"))
	defer whole.close()
	whole.mustCatchUp()
	s := newSite(t, c, path)
	defer s.close()
	if d := diff(whole.everything(), s.everything()); d != "" {
		t.Fatalf("an uninterrupted store and this one differ (-want +got):\n%s", d)
	}
	s.checkFeed(c)
	s.checkTrades(c, c.ledgers[killLedgers-1])
}

func TestKilledAtEveryCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	rng := rand.New(rand.NewPCG(1, 2))
	kills := killed(t, path, func() (int, time.Duration) {
		// Starting makes commits, too (it says which contracts it follows): with three and more it gets on by one batch at least, at times.
		return 3 + rng.IntN(3), time.Minute
	})
	if kills < leastKills {
		t.Errorf("only %d kills", kills)
	}
	t.Logf("killed %d times in the middle of a commit", kills)
	checkKilled(t, path)
}

// leastKills is how many kills a test must have survived: fewer show nothing.
const leastKills = 10

// TestKilledAtRandomMoments kills within a part of the time that reading the chain takes on this machine, in as many stores as it needs.
func TestKilledAtRandomMoments(t *testing.T) {
	began := time.Now()
	if kills := killed(t, filepath.Join(t.TempDir(), "undisturbed.db"), func() (int, time.Duration) { return 0, time.Minute }); kills != 0 {
		t.Fatalf("undisturbed, and killed %d times", kills)
	}
	whole := time.Since(began)
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d, undisturbed it takes %s", seed, whole)
	kills, stores := 0, 0
	for ; kills < leastKills && stores < 2*leastKills; stores++ {
		most := whole / 8
		path := filepath.Join(t.TempDir(), "store.db")
		kills += killed(t, path, func() (int, time.Duration) {
			most += most / 20 // it gets on at last, however slow
			return 0, time.Duration(rng.Int64N(int64(most)))
		})
		checkKilled(t, path)
	}
	if kills < leastKills {
		t.Errorf("only %d kills in %d stores", kills, stores)
	}
	t.Logf("killed %d times in %d stores", kills, stores)
}
