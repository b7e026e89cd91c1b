package indexer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// TestRunGoesOnByItself lets time pass in a bubble: ledgers close, the source fails for a while, somebody waits for a ledger.
func TestRunGoesOnByItself(t *testing.T) {
	path := tempPath(t)
	synctest.Test(t, func(t *testing.T) {
		c := newChain(16, 1).play(5)
		wake := make(chan struct{})
		asked := &counter{Source: c}
		s := newSite(t, c, path, func(config *Config) {
			config.Source, config.Now, config.Poll, config.Wake = asked, time.Now, time.Hour, wake
		})
		defer s.close()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.x.Run(ctx) }()
		if n, err := s.x.WaitLedger(ctx, 5); err != nil || n != 5 {
			t.Errorf("wait for ledger 5: %d, %v", n, err)
		}

		// A ledger that closes is read at once when somebody says so, not after Poll.
		begin := time.Now()
		c.play(1)
		wake <- struct{}{}
		if n, err := s.x.WaitLedger(ctx, 6); err != nil || n != 6 || time.Since(begin) > time.Second {
			t.Errorf("wait for ledger 6: %d, %v, after %v", n, err, time.Since(begin))
		}

		// Nobody can wait beyond their own patience.
		short, stop := context.WithTimeout(ctx, 5*time.Second)
		if n, err := s.x.WaitLedger(short, 7); !errors.Is(err, context.DeadlineExceeded) || n != 6 {
			t.Errorf("wait for ledger 7: %d, %v", n, err)
		}
		stop()

		// The source is away for an hour: it is asked again and again, but not more often than every half minute.
		before := asked.n.Load()
		c.set(func() { c.err = fmt.Errorf("away: %w", rpc.ErrUnavailable) })
		wake <- struct{}{}
		synctest.Wait()
		if status := s.x.Status(); status.State != Unreachable || !strings.Contains(status.Err, "away") {
			t.Errorf("while the source is away: %+v", status)
		}
		time.Sleep(time.Hour)
		if n := asked.n.Load() - before; n < 300 || n > 400 {
			t.Errorf("asked %d times in an hour", n)
		}
		c.set(func() { c.err = nil })
		c.play(3)
		time.Sleep(retryMost)
		synctest.Wait()
		if status := s.x.Status(); status.State != Following || status.Ledger != 9 || status.Err != "" || status.Lag() != 0 {
			t.Errorf("when it is back: %+v", status)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopped by its context: %v", err)
		}
	})
}

// counter counts how often the network is asked for, which is what every attempt begins with.
type counter struct {
	Source
	n atomic.Int64
}

func (c *counter) CheckNetwork(ctx context.Context) (uint32, error) {
	c.n.Add(1)
	return c.Source.CheckNetwork(ctx)
}

func TestConfigurationIsChecked(t *testing.T) {
	c := newChain(17, 1)
	good := Contract{c.contracts[0].address, 1}
	for name, contracts := range map[string][]Contract{
		"none": nil, "twice the same": {good, good}, "an account": {{stellar.Address{}, 1}}, "too many": make([]Contract, maxContracts+1),
	} {
		if _, err := New(Config{Contracts: contracts}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
