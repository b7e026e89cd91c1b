package fanout

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// harm is what is done to Redis in the middle of it all. Each leaves the server running.
var harm = []struct {
	name string
	do   func(t *testing.T, d time.Duration)
}{
	{"kill", func(t *testing.T, d time.Duration) { server.Kill(t); time.Sleep(d); server.Up(t) }},
	{"restart", func(t *testing.T, _ time.Duration) { server.Restart(t) }},
	{"flush", func(t *testing.T, _ time.Duration) { server.Flush(t) }},
	{"freeze", func(t *testing.T, d time.Duration) { server.Freeze(t); time.Sleep(d); server.Thaw(t) }},
	{"pause", func(t *testing.T, d time.Duration) { server.Pause(t, d) }},
}

// TestNothingIsLostWhateverRedisDoes: three replicas, of which the first leads, and a reader at each.
func TestNothingIsLostWhateverRedisDoes(t *testing.T) {
	const total = 2000
	random := rand.New(rand.NewPCG(uint64(*seed), 0))
	s := &shelf{}
	var replicas []*replica
	for range 3 {
		replicas = append(replicas, start(t, s, "chaos", nil))
	}
	lead := replicas[0]
	until(t, "connected", 5*time.Second, lead.Up)

	var harmed sync.WaitGroup
	over := make(chan struct{})
	done := map[string]int{}
	harmed.Go(func() {
		var turn []int
		for {
			select {
			case <-over:
				return
			case <-time.After(time.Duration(50+random.IntN(250)) * time.Millisecond):
			}
			if len(turn) == 0 {
				turn = random.Perm(len(harm))
			}
			h := harm[turn[0]]
			turn = turn[1:]
			done[h.name]++
			h.do(t, time.Duration(50+random.IntN(700))*time.Millisecond)
		}
	})
	for range total {
		lead.Publish(s.add(t))
		time.Sleep(3 * time.Millisecond)
	}
	close(over)
	harmed.Wait()

	for n, r := range replicas {
		var late []time.Duration
		for seq := range int64(total) {
			late = append(late, r.next(t, seq+1, 10*time.Second).late)
		}
		if n == 0 {
			continue // told by itself
		}
		slices.Sort(late)
		t.Logf("replica %d: p50 %s, p99 %s, at most %s", n, late[total/2], late[total*99/100], late[total-1])
		if late[total*99/100] > time.Second {
			t.Errorf("replica %d: one entry in a hundred was more than %s late", n, late[total*99/100])
		}
		if downs, ups := r.log.count(saidDown), r.log.count(saidUp); downs == 0 || ups-downs > 1 || downs-ups > 1 {
			t.Errorf("replica %d said %d times that redis was lost, and %d times that it was found", n, downs, ups)
		}
	}
	t.Logf("done to redis: %v; again: go test ./internal/indexer/fanout -run %s -seed %d", done, t.Name(), *seed)
	if len(done) < len(harm) {
		t.Errorf("done to redis was only %v", done)
	}
}

func TestHowFastAReplicaKnows(t *testing.T) {
	s := &shelf{}
	lead, other := start(t, s, "speed", nil), start(t, s, "speed", nil)
	until(t, "connected", 5*time.Second, func() bool { return lead.Up() && other.Up() })
	measure := func(n int, gap time.Duration) []time.Duration {
		var late []time.Duration
		for range n {
			seq := s.add(t)
			lead.Publish(seq)
			late = append(late, other.next(t, seq, 5*time.Second).late)
			time.Sleep(gap)
		}
		slices.Sort(late)
		return late
	}
	late := measure(200, 6*time.Millisecond)
	t.Logf("with redis: p50 %s, at most %s", late[100], late[199])
	if late[100] > 5*time.Millisecond {
		t.Errorf("with redis a replica knows after %s, want 5 ms", late[100])
	}
	polled := testutil.ToFloat64(other.metrics.polls)
	for name, break_ := range map[string]func(){"frozen": func() { server.Freeze(t) }, "killed": func() { server.Kill(t) }} {
		break_()
		late = measure(6, 90*time.Millisecond)
		t.Logf("%s: at most %s", name, late[5])
		if late[5] > time.Second {
			t.Errorf("with redis %s a replica knows after %s, want 1 s", name, late[5])
		}
		if lead.Up() || other.Up() {
			t.Errorf("with redis %s, the fan-out says that it is up", name)
		}
		server.Up(t)
		until(t, "up again", 5*time.Second, func() bool { return lead.Up() && other.Up() })
	}
	if now := testutil.ToFloat64(other.metrics.polls); now < polled+6 {
		t.Errorf("the store was polled %.0f times without redis", now-polled)
	}
	for _, r := range []*replica{lead, other} {
		if downs, ups := r.log.count(saidDown), r.log.count(saidUp); downs != 2 || ups != 3 {
			t.Errorf("said %d times that redis was lost and %d that it was found, want 2 and 3:\n%s", downs, ups, &r.log)
		}
	}
}

// A Redis that says what is not so costs a few looks into the store, and nothing else.
func TestALyingRedis(t *testing.T) {
	s := &shelf{}
	s.add(t)
	r := start(t, s, "lies", nil)
	until(t, "connected", 5*time.Second, r.Up)
	r.next(t, 1, time.Second)
	for _, lie := range [][]any{
		{"XADD", r.key, "*", field, "9223372036854775807"}, {"XADD", r.key, "*", field, "77"}, {"XADD", r.key, "*", field, "-5"},
		{"XADD", r.key, "*", field, "many"}, {"XADD", r.key, "*", "other", "1"},
	} {
		server.Do(t, lie...)
	}
	before := s.looks.Load()
	time.Sleep(300 * time.Millisecond)
	if head := r.config.Bus.Head(); head != 1 {
		t.Errorf("readers were told of entry %d", head)
	}
	if looks := s.looks.Load() - before; looks > 40 {
		t.Errorf("for five lies the store was asked %d times", looks)
	}
	// Something else altogether in place of the stream.
	server.Do(t, "SET", r.key, "a string")
	until(t, "found out", 2*time.Second, func() bool { return !r.Up() })
	s.add(t)
	r.next(t, 2, time.Second)
	server.Do(t, "DEL", r.key)
	until(t, "up again", 2*time.Second, r.Up)
	// The last id there can be: nothing can be published behind it, so it is as if redis were down, until the key is gone.
	server.Do(t, "XADD", r.key, "18446744073709551615-18446744073709551615", field, "1")
	r.Publish(s.add(t))
	until(t, "found out", 2*time.Second, func() bool { return !r.Up() })
	server.Do(t, "DEL", r.key)
	until(t, "up again", 2*time.Second, r.Up)
	until(t, "published after all", 2*time.Second, func() bool { return server.Do(t, "XLEN", r.key) == int64(1) })
}

// Messages may be ahead of the store that a replica reads.
func TestAMessageAheadOfTheStore(t *testing.T) {
	s := &shelf{}
	r := start(t, s, "ahead", nil)
	until(t, "connected", 5*time.Second, r.Up)
	time.Sleep(20 * time.Millisecond) // the looks that come with connecting
	server.Do(t, "XADD", r.key, "*", field, "1")
	time.Sleep(50 * time.Millisecond)
	s.add(t)
	if late := r.next(t, 1, time.Second).late; late > 400*time.Millisecond {
		t.Errorf("the entry came %s after it was stored", late)
	}
}

// Ids may begin anew, lower than before, with the same server behind the address or another one.
func TestIDsThatGoBack(t *testing.T) {
	s := &shelf{}
	r := start(t, s, "ids", nil)
	until(t, "connected", 5*time.Second, r.Up)
	say := func(id string) {
		t.Helper()
		heard := testutil.ToFloat64(r.metrics.messages)
		server.Do(t, "XADD", r.key, id, field, s.add(t))
		until(t, "heard", 2*time.Second, func() bool { return testutil.ToFloat64(r.metrics.messages) > heard })
	}
	say("99999999999999-0")
	server.Do(t, "DEL", r.key)
	say("5-0")
	say("6-0")
	for seq := range int64(3) {
		r.next(t, seq+1, time.Second)
	}
	heard := testutil.ToFloat64(r.metrics.messages)
	time.Sleep(3 * blockTime)
	if again := testutil.ToFloat64(r.metrics.messages) - heard; again != 0 {
		t.Errorf("in silence %.0f messages were heard again", again)
	}
}

// Whatever it waits for, a connection included, does not keep the program from ending.
func TestItEndsAtOnce(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		f, err := New(Config{
			URL: server.URL(t), Password: func() secret.Secret { return secret.New(server.Password()) }, Name: "end", Store: &shelf{}, Bus: feed.NewBus(0),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { f.Run(ctx); close(ended) }()
		until(t, "connected", 5*time.Second, f.Up)
		if frozen {
			server.Freeze(t)
			f.Publish(1)
			until(t, "found out", 5*time.Second, func() bool { return !f.Up() })
			time.Sleep(2 * retryPause) // now it connects again
		}
		began := time.Now()
		cancel()
		<-ended
		if took := time.Since(began); took > 150*time.Millisecond {
			t.Errorf("with redis frozen: %t, it took %s to end", frozen, took)
		}
		if frozen {
			server.Thaw(t)
		}
	}
}

func TestDeploymentsDoNotMix(t *testing.T) {
	one, other := &shelf{}, &shelf{}
	a, b := start(t, one, "testnet/a", nil), start(t, other, "testnet/b", nil)
	until(t, "connected", 5*time.Second, func() bool { return a.Up() && b.Up() })
	for range 100 {
		a.Publish(one.add(t))
		time.Sleep(time.Millisecond)
	}
	until(t, "heard", 2*time.Second, func() bool { return testutil.ToFloat64(a.metrics.messages) > 10 })
	if n := testutil.ToFloat64(b.metrics.messages); n != 0 {
		t.Errorf("%.0f messages of another deployment were heard", n)
	}
	if n := server.Do(t, "XLEN", a.key).(int64); n > keptMessages {
		t.Errorf("%d messages are kept, want %d", n, keptMessages)
	}
}

// Whoever follows the chain does not wait for Redis, and does not fail with it.
func TestPublishNeverWaits(t *testing.T) {
	s := &shelf{}
	r := start(t, s, "waits", nil)
	until(t, "connected", 5*time.Second, r.Up)
	server.Freeze(t)
	began := time.Now()
	const total = 50_000
	for n := range int64(total) {
		r.Publish(n + 1)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("publishing %d heads took %s while redis was frozen", total, took)
	}
	if head := r.config.Bus.Head(); head != total {
		t.Errorf("readers in this process know of entry %d", head)
	}
	server.Thaw(t)
	until(t, "the newest was sent", 5*time.Second, func() bool {
		newest, _ := server.Do(t, "XREVRANGE", r.key, "+", "-", "COUNT", 1).([]any)
		if len(newest) == 0 {
			return false
		}
		return newest[0].([]any)[1].([]any)[1] == "50000"
	})
	if n := server.Do(t, "XLEN", r.key).(int64); n > keptMessages {
		t.Errorf("%d messages, want the newest few", n)
	}
}

func TestTheStoreMayFail(t *testing.T) {
	s := &shelf{}
	r := start(t, s, "store", nil)
	until(t, "connected", 5*time.Second, r.Up)
	s.breakIt(errors.New("the database restarts"))
	server.Do(t, "XADD", r.key, "*", field, s.add(t))
	until(t, "counted", 2*time.Second, func() bool { return testutil.ToFloat64(r.metrics.failures.WithLabelValues(string(looking))) > 0 })
	s.breakIt(nil)
	r.next(t, 1, time.Second)
}

// Without Redis from the start, it is as if it were lost.
func TestRedisIsNotThereYet(t *testing.T) {
	server.Address(t)
	server.Kill(t)
	s := &shelf{}
	r := start(t, s, "later", nil)
	until(t, "said", 5*time.Second, func() bool { return r.log.count(saidDown) == 1 })
	s.add(t)
	r.next(t, 1, time.Second)
	server.Up(t)
	until(t, "up", 5*time.Second, r.Up)
	if r.log.count(saidDown) != 1 || r.log.count(saidUp) != 1 {
		t.Errorf("it said\n%s", &r.log)
	}
}

func TestMetrics(t *testing.T) {
	s := &shelf{}
	r := start(t, s, "metrics", nil)
	until(t, "connected", 5*time.Second, r.Up)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(r)
	names := []string{"stellar_escrow_fanout_up", "stellar_escrow_fanout_messages_total", "stellar_escrow_fanout_polls_total", "stellar_escrow_fanout_failures_total"}
	for _, name := range names {
		if n, err := testutil.GatherAndCount(registry, name); err != nil || n == 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	up := func() float64 {
		all, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if m.GetName() == names[0] {
				return m.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	if up() != 1 {
		t.Errorf("with redis it is %v", up())
	}
	server.Kill(t)
	until(t, "0 without redis", 2*time.Second, func() bool { return up() == 0 })
	server.Up(t)
}
