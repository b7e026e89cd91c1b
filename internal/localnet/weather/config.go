package weather

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Config says how likely each thing is. Its zero value is fair weather. A Chance is for each call that it can befall; of what ends a call at
// once, the first one that the dice give is what happens.
type Config struct {
	Seed uint64

	// What befalls one call.

	Busy           Chance // HTTP 429
	Unavailable    Chance // HTTP 503
	InvalidRequest Chance // JSON-RPC error -32600
	ServerError    Chance // JSON-RPC error -32001
	TryAgainLater  Chance // sendTransaction is answered TRY_AGAIN_LATER, and the transaction is not taken
	LostAnswer     Chance // sendTransaction: the transaction is taken, and the connection ends without an answer
	Duplicate      Chance // getEvents: some of the page's events come twice
	Disorder       Chance // getEvents: two of the page's events have changed places
	Stale          Chance // getEvents: a page that was given before comes again, to a cursor behind it
	EmptyPage      Chance // getEvents: a cursor older than all that is kept is answered 200, with no events and the newest cursor
	Truncate       Chance // a body ends early, and its length says so
	Cut            Chance // a body ends early, and so does the connection
	Slow           Chance // an answer takes SlowFor
	SlowFor        time.Duration

	// What lasts for a spell of 1 to SpellCalls calls. In a spell of Lag the node stands still 1 to LagLedgers ledgers behind; in one of Flap, every other answer does.

	Lag, Flap  Chance
	LagLedgers uint32
	SpellCalls int

	// What lasts until Clear.

	Keep        uint32 // ledgers before its newest are no longer there, but for so many in all; 0 keeps what the node does
	Forget      Chance // it keeps nothing that is older than its newest ledger, and begins to keep again
	Fork        Chance // from ForkLedgers before its newest ledger on it has others than before: the same transactions in ledgers with other hashes
	ForkLedgers uint32
	Reset       Chance // Other answers: the network has begun anew
	Other       http.Handler
	// Passphrase, if not empty, is what getNetwork answers: a node of another network.
	Passphrase string
}

// Chance is a probability, 0 (never) to 1 (always).
type Chance float64

// The bounds of a Config.
const (
	maxSlow  = time.Hour
	maxSpell = 1_000_000
)

// Validate reports everything that is wrong at once.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, f := range fields(c) {
		if p, ok := f.value.(*Chance); ok && !(*p >= 0 && *p <= 1) { // NaN is neither
			bad("%s is %v: give a probability, 0 to 1", f.name, float64(*p))
		}
	}
	switch {
	case c.SlowFor < 0 || c.SlowFor > maxSlow:
		bad("slow-for is %s: give 0 to %s", c.SlowFor, maxSlow)
	case c.Slow > 0 && c.SlowFor == 0:
		bad("slow is set and slow-for is not: say how long a slow answer takes, such as slow-for=2s")
	}
	if c.SpellCalls < 0 || c.SpellCalls > maxSpell {
		bad("spell-calls is %d: give 0 to %d", c.SpellCalls, maxSpell)
	}
	if (c.Lag > 0 || c.Flap > 0) && (c.LagLedgers == 0 || c.SpellCalls == 0) {
		bad("lag or flap is set, and lag-ledgers or spell-calls is not: say how far behind the node is, and for how many calls")
	}
	if c.Reset > 0 && c.Other == nil {
		bad("reset is set, and there is no other network to be reset to")
	}
	if len(errs) > 0 {
		return fmt.Errorf("weather: %w", errors.Join(errs...))
	}
	return nil
}

// fair is whether nothing can befall a call.
func (c *Config) fair() bool {
	for _, f := range fields(c) {
		if p, ok := f.value.(*Chance); ok && *p > 0 {
			return false
		}
	}
	return c.Keep == 0 && c.Passphrase == ""
}
