package sponsor

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// flightKey names a request: equal ones are the same wish.
type flightKey [sha256.Size]byte

func keyOf(parts ...string) (key flightKey) {
	sum := sha256.New()
	for _, part := range parts {
		// The length before each part keeps two lists of parts from being the same bytes.
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	sum.Sum(key[:0])
	return key
}

// flights are the requests that are on their way. The api, or a trader, who has lost an answer asks again; that must not be paid for twice. They
// are as many as transactions can be on their way at once (payer), and requests can wait for a channel account.
type flights struct {
	mu sync.Mutex
	on map[flightKey]*flight
}

type flight struct {
	done chan struct{}
	out  relay.Sponsorship
	err  error
}

// once sends a request that is not on its way; of one that is, it gives that one's answer. send is given what to call when nothing of it is on
// its way any more.
func (f *flights) once(ctx context.Context, key flightKey, send func(landed func()) (relay.Sponsorship, error)) (relay.Sponsorship, error) {
	f.mu.Lock()
	if before := f.on[key]; before != nil {
		f.mu.Unlock()
		select {
		case <-before.done:
			out := before.out
			if out.State == relay.SubmissionPending {
				out.State = relay.SubmissionDuplicate
			}
			return out, before.err
		case <-ctx.Done():
			return relay.Sponsorship{}, ctx.Err()
		}
	}
	mine := &flight{done: make(chan struct{})}
	f.on[key] = mine
	f.mu.Unlock()
	landed := func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.on[key] == mine {
			delete(f.on, key)
		}
	}
	mine.out, mine.err = send(landed)
	if mine.err != nil {
		// The limit may leave more room in a moment, say: whoever asks again is not told what was. What was sent all the same, the contract takes
		// once.
		landed()
	}
	close(mine.done)
	return mine.out, mine.err
}
