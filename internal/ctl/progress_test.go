//go:build linux

package ctl

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := watch(&out, 40, 3, time.Now)
		for _, id := range []string{"N1", "N11", "N12"} {
			p.begun(guide.Control{ID: id})
		}
		time.Sleep(progressAfter - time.Millisecond)
		synctest.Wait()
		if out.Len() > 0 {
			t.Errorf("it says %q before anybody has waited", out.String())
		}
		p.ended(guide.Clause{Control: guide.Control{ID: "N1"}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !strings.HasSuffix(out.String(), clearLine+"1 of 3 clauses, 2 s; still at N11 N12") {
			t.Errorf("it says %q", out.String())
		}
		p.end()
		said := out.String()
		if !strings.HasSuffix(said, clearLine) || strings.Contains(said, "\n") {
			t.Errorf("it leaves %q", said)
		}
		time.Sleep(time.Minute)
		if out.String() != said {
			t.Error("it goes on when it has ended")
		}
	})
}

// However narrow the terminal is, the line is one line: a broken one could not be taken back.
func TestProgressFitsTheTerminal(t *testing.T) {
	p := &progress{width: 30, total: 63, now: time.Now, began: time.Now()}
	for range 30 {
		p.begun(guide.Control{ID: "N1"})
	}
	if got := []rune(p.line()); len(got) >= 30 || got[len(got)-1] != '…' {
		t.Errorf("%q has %d characters", string(got), len(got))
	}
}

// A program that is quick, or is not waited for by anybody, says nothing at all.
func TestProgressOfWhatIsQuick(t *testing.T) {
	var out bytes.Buffer
	p := watch(&out, 80, 1, time.Now)
	p.end()
	if out.Len() > 0 {
		t.Errorf("it says %q", out.String())
	}
}
