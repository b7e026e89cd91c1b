package ctl

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

const (
	// ledgerSeconds is how long the main network takes for a ledger, about: what makes a day of a number of ledgers.
	ledgerSeconds = 5
	dayOfLedgers  = 24 * 60 * 60 / ledgerSeconds
)

// errShort is returned when something lives too short, or no longer: what happens then, and what helps, stands beside it.
var errShort = errors.New("too short a life")

// shownLifetime is how long an entry lives, for people and programs.
type shownLifetime struct {
	Entry     string `json:"entry"`
	LiveUntil uint32 `json:"live_until_ledger"` // of an archived entry 0 where the node does not say
	About     uint64 `json:"about,omitempty"`   // unix seconds, at the usual pace of ledgers
	Archived  bool   `json:"archived"`
}

func shownLifetimes(l deploy.Lifetimes) []shownLifetime {
	list := make([]shownLifetime, len(l.Entries))
	for i, e := range l.Entries {
		list[i] = shownLifetime{Entry: e.What, LiveUntil: e.LiveUntil, Archived: e.Archived(l.At.Sequence)}
		if !list[i].Archived {
			list[i].About = about(l.At, e.LiveUntil)
		}
	}
	return list
}

// about is the time of a ledger to come.
func about(now rpc.Ledger, ledger uint32) uint64 {
	return now.CloseTime + uint64(ledger-now.Sequence)*ledgerSeconds
}

func printLifetimes(out io.Writer, list []shownLifetime) {
	for _, l := range list {
		switch {
		case !l.Archived:
			fmt.Fprintf(out, "%-13s lives until ledger %d, about %s\n", l.Entry, l.LiveUntil, when(l.About))
		case l.LiveUntil > 0:
			fmt.Fprintf(out, "%-13s archived: it lived until ledger %d\n", l.Entry, l.LiveUntil)
		default:
			fmt.Fprintf(out, "%-13s archived\n", l.Entry)
		}
	}
}

// longEnough refuses lives that are shorter than that many days.
func longEnough(l deploy.Lifetimes, days uint32) error {
	var short []string
	for _, e := range l.Entries {
		left := int64(e.LiveUntil) - int64(l.At.Sequence)
		switch {
		case days == 0 || left >= int64(days)*dayOfLedgers:
		case e.Archived(l.At.Sequence):
			short = append(short, fmt.Sprintf("the %s is archived", e.What))
		default:
			short = append(short, fmt.Sprintf("the %s lives for %d days more", e.What, left/dayOfLedgers))
		}
	}
	if len(short) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s (--warn-days=%d): what is archived is kept, and whoever calls the contract next pays to restore it; run escrowctl contract extend",
		errShort, strings.Join(short, ", "), days)
}
