package ctl

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

const (
	progressAfter = 500 * time.Millisecond // what is quicker needs none
	progressEvery = 200 * time.Millisecond
	clearLine     = "\r\x1b[2K"
)

// progress says on one line of a terminal, over and over, which clauses are still being looked at. It is for people who wait: nothing else reads it.
type progress struct {
	out   io.Writer
	width int
	total int
	began time.Time
	now   func() time.Time

	mu    sync.Mutex
	under []string // ids that are being looked at
	done  int
	shown bool

	stop, stopped chan struct{}
}

// watch begins to show. end must be called.
func watch(out io.Writer, width, total int, now func() time.Time) *progress {
	p := &progress{out: out, width: max(width, 20), total: total, began: now(), now: now, stop: make(chan struct{}), stopped: make(chan struct{})}
	go p.show()
	return p
}

func (p *progress) show() {
	defer close(p.stopped)
	wait := time.NewTimer(progressAfter)
	defer wait.Stop()
	for {
		select {
		case <-p.stop:
			if p.shown {
				io.WriteString(p.out, clearLine)
			}
			return
		case <-wait.C:
			io.WriteString(p.out, clearLine+p.line())
			p.shown = true
			wait.Reset(progressEvery)
		}
	}
}

// line is cut to the width by characters: a line that is broken could not be taken back.
func (p *progress) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := []rune(fmt.Sprintf("%d of %d clauses, %.0f s; still at %s", p.done, p.total, p.now().Sub(p.began).Seconds(), strings.Join(p.under, " ")))
	if len(text) >= p.width {
		text = append(text[:p.width-2], '…')
	}
	return string(text)
}

// begun and ended are guide.Asked's.
func (p *progress) begun(c guide.Control) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under = append(p.under, c.ID)
}

func (p *progress) ended(c guide.Clause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under = slices.DeleteFunc(p.under, func(id string) bool { return id == c.Control.ID })
	p.done++
}

// end leaves the terminal as it was found.
func (p *progress) end() {
	close(p.stop)
	<-p.stopped
}
