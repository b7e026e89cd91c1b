//go:build unix

package child

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script is a server that says its number, what it was told and that it ends.
const script = `echo "$$ in $PWD with $WORD"; trap 'echo ends; exit 0' TERM; trap 'echo told' USR1; while :; do sleep 0.02; done`

func keep(t *testing.T, script string, within time.Duration) *Kept {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "kept-*")
	if err != nil {
		t.Fatal(err)
	}
	k, err := Keep(Keeping{Name: "a script", Dir: dir, Ending: "TERM", Within: within, Env: []string{"WORD=a word"}, Command: []string{"/bin/sh", "-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *Kept) tell(t *testing.T, word string) {
	t.Helper()
	if err := k.Tell(word); err != nil {
		t.Fatal(err)
	}
}

func says(t *testing.T, k *Kept, word string, times int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); strings.Count(k.Log(), word) < times; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it says %q, want %d times %q", k.Log(), times, word)
		}
	}
}

func TestItDoesWhatItIsTold(t *testing.T) {
	k := keep(t, script, 0)
	k.tell(t, "start")
	says(t, k, "in "+k.Dir+" with a word", 1)
	k.tell(t, "USR1")
	says(t, k, "told", 1)
	k.tell(t, "end")
	says(t, k, "ends", 1)
	k.tell(t, "start")
	says(t, k, "with a word", 2)
	k.tell(t, "start") // one at a time
	says(t, k, "ends", 2)
	says(t, k, "with a word", 3)
	if err := k.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(k.Dir); err == nil {
		t.Errorf("%s is left", k.Dir)
	}
}

// A server that does not end when it is told to is killed, and that is said: by Tell, and by Stop.
func TestWhoDoesNotEndIsKilled(t *testing.T) {
	for name, end := range map[string]func(k *Kept) error{
		"told to end":   func(k *Kept) error { return k.Tell("end") },
		"told to begin": func(k *Kept) error { return k.Tell("start") }, // which ends the one before
		"stopped":       (*Kept).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits until the system has buried the server
			k := keep(t, `trap '' TERM; echo "$$ begun"; while :; do sleep 0.02; done`, 300*time.Millisecond)
			k.tell(t, "start")
			says(t, k, "begun", 1)
			pid, err := strconv.Atoi(strings.Fields(k.Log())[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := end(k); err == nil || !strings.Contains(err.Error(), "a script") || strings.Contains(err.Error(), "%!") {
				t.Errorf("it ended with %v, want that it was killed", err)
			}
			if name != "stopped" {
				if err := k.Stop(); err == nil {
					t.Error("its folder is gone, and nobody has said so")
				}
			}
			for end := time.Now().Add(10 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("it goes on")
				}
			}
		})
	}
}

// A word that the keeper does not answer as it should is told with what it said.
func TestAKeeperThatAnswersSomethingElse(t *testing.T) {
	k := keep(t, script, 0)
	k.out = bufio.NewReader(strings.NewReader("sh: no\n"))
	if err := k.Tell("start"); err == nil || err.Error() != `start a script: its keeper answered "sh: no\n"` {
		t.Errorf("it ended with %v", err)
	}
	k.out = bufio.NewReader(strings.NewReader(""))
	if err := k.Tell("end"); !errors.Is(err, io.EOF) {
		t.Errorf("one that says nothing: %v", err)
	}
	if err := k.Stop(); err != nil {
		t.Error(err)
	}
}

// A folder that cannot go is said, and a keeper that has ended too.
func TestWhatIsLeftIsSaid(t *testing.T) {
	k := keep(t, script, 0)
	k.tell(t, "start")
	if err := os.RemoveAll(k.Dir); err != nil {
		t.Fatal(err)
	}
	if err := k.Stop(); err != nil {
		t.Errorf("a folder that was gone already: %v", err)
	}
	if err := k.Tell("start"); err == nil || !strings.Contains(err.Error(), "start a script") {
		t.Errorf("told after the end: %v", err)
	}
}
