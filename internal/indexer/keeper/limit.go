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

// reached stops a kind of work, and tells whether that is new.
func (p *pauses) reached(w Work, c *Config, now time.Time) bool {
	if now.Before(p.until[w]) {
		return false
	}
	end := time.Unix((int64(store.DayOf(now.Unix()))+1)*86_400, 0)
	p.until[w] = end
	if w == Settling {
		// Nothing in it but numbers and text: it can be written.
		data, _ := json.Marshal(map[string]any{"limit_stroops": strconv.FormatInt(c.Limit, 10), "until": end.Unix()})
		p.tell = append(p.tell, feed.Note{Kind: feed.KindKeeperLimit, Data: data})
	}
	return true
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

// tellWait bounds how long the feed is waited for; what it could not be told is told the next time.
const tellWait = 5 * time.Second

func (p *pauses) told(ctx context.Context, note func(context.Context, feed.Note) error) error {
	ctx, cancel := context.WithTimeout(ctx, tellWait)
	defer cancel()
	for len(p.tell) > 0 {
		if err := note(ctx, p.tell[0]); err != nil {
			return err
		}
		p.tell = p.tell[1:]
	}
	return nil
}
