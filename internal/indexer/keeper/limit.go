package keeper

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Work is what the keeper spends on.
type Work string

// The kinds of work.
const (
	Settling  Work = "settle"
	Extending Work = "extend"
)

// limitOf is what may have been spent on all work in a day once some of this kind is paid. The half of the limit that lives may not be extended
// with is there for settling: many trades to extend, or one junk token, must not keep people from their money.
func (c *Config) limitOf(w Work) int64 {
	if w == Extending {
		return c.Limit / 2
	}
	return c.Limit
}

// pauses are the kinds of work that the day's limit has stopped, until the next day (UTC).
type pauses struct {
	until map[Work]time.Time
	tell  []feed.Note // what the feed has yet to be told
}

// reached stops a kind of work. None of it is on its way then, so it is stopped once.
func (p *pauses) reached(w Work, c *Config, now time.Time) {
	end := time.Unix((int64(store.DayOf(now.Unix()))+1)*86_400, 0)
	p.until[w] = end
	if w == Settling {
		// Nothing in it but numbers and text: it can be written.
		data, _ := json.Marshal(map[string]any{"limit_stroops": strconv.FormatInt(c.Limit, 10), "until": end.Unix()})
		p.tell = append(p.tell, feed.Note{Kind: feed.KindKeeperLimit, Data: data})
	}
}

// stopped tells whether a kind of work is stopped now. The first time that it is not any more, over is true.
func (p *pauses) stopped(w Work, now time.Time) (stopped, over bool) {
	end, was := p.until[w]
	if !was {
		return false, false
	}
	if now.Before(end) {
		return true, false
	}
	delete(p.until, w)
	if w == Settling {
		p.tell = append(p.tell, feed.Note{Kind: feed.KindKeeperLimitEnd})
	}
	return false, true
}

// How long the feed is waited for, and when it is told what it could not be told.
const (
	tellWait  = 5 * time.Second
	tellAgain = 10 * time.Second
)

// tell tells the feed what it has yet to be told, one note after the other, while everything else goes on.
func (s *shift) tell(now time.Time) {
	if len(s.pauses.tell) == 0 || s.telling || now.Before(s.nextTell) {
		return
	}
	s.telling = true
	n, note, to, jobs := s.pauses.tell[0], s.k.c.Note, s.told, s.jobs
	go func() {
		ctx, cancel := context.WithTimeout(jobs, tellWait)
		defer cancel()
		to <- note(ctx, n)
	}()
}

// wasTold takes in whether the feed has the first of what it has to be told.
func (s *shift) wasTold(err error) {
	s.telling = false
	if err != nil {
		s.nextTell = s.k.c.Now().Add(tellAgain)
		s.k.c.Log.Warn("the feed could not be told, and is told again", "kind", s.pauses.tell[0].Kind, "err", err, "wait", tellAgain)
		return
	}
	s.pauses.tell = s.pauses.tell[1:]
}
