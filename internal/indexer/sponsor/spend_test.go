package sponsor_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"
	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer/payertest"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/sponsor"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// bench is a sponsor between a network and a store that stand in, and some who want their calls paid for.
type bench struct {
	net      *payertest.Network
	store    *payertest.Store
	config   sponsor.Config
	people   []*keypair.Full
	replicas []*sponsor.Sponsor
	stop     func() // all replicas
	nonce    int64
}

var (
	escrowContract = stellar.Address{Contract: true, Key: [32]byte{7}}
	token          = stellar.Address{Contract: true, Key: [32]byte{8}}
)

// keysOf makes keys that are the same in each run.
func keysOf(first byte, n int) (keys []*keypair.Full, lines string) {
	for i := range n {
		k := must(keypair.FromRawSeed([32]byte{first, byte(i)}))
		keys, lines = append(keys, k), lines+k.Seed()+"\n"
	}
	return keys, lines
}

// seeded is randomness for names that is safe for concurrent use.
type seeded struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (s *seeded) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range p {
		p[i] = byte(s.r.Uint32())
	}
	return len(p), nil
}

func (s *seeded) intn(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.IntN(n)
}

func newBench(channels, people int, random *seeded) *bench {
	b := &bench{net: &payertest.Network{Name: must(stellar.NewNetwork("Sponsors of the tests ; 2026"))}, store: &payertest.Store{}}
	b.people, _ = keysOf(1, people)
	_, lines := keysOf(2, channels)
	fee, _ := keysOf(3, 1)
	key := signer.Config{Network: b.net.Name, Follows: func() []stellar.Address { return []stellar.Address{escrowContract} }, MaxFee: 1 << 40, Now: time.Now}
	b.config = sponsor.Config{
		Relay: b.net, Store: b.store, Network: b.net.Name, Follows: key.Follows, Assets: []stellar.Address{token}, Limits: generous, Now: time.Now, Rand: random,
		Keys: must(signer.NewPool(key, func() secret.Secret { return secret.New(fee[0].Seed()) }, func() secret.Secret { return secret.New(lines) })),
	}
	return b
}

// start runs replicas on the same network and store, as processes that begin.
func (b *bench) start(replicas int) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	b.replicas = nil
	for range replicas {
		s := must(sponsor.New(b.config))
		b.replicas = append(b.replicas, s)
		running.Go(func() { s.Run(ctx) })
	}
	b.stop = func() { cancel(); running.Wait() }
}

// deliver is a call that somebody has authorised, extend one that nobody has to.
func (b *bench) deliver(who int) relay.SponsorRequest {
	b.nonce++
	k := b.people[who]
	terms := escrow.Terms{
		Asset: escrow.Address(token.String()), Buyer: escrow.Address(b.people[(who+1)%len(b.people)].Address()), Seller: escrow.Address(k.Address()),
		Milestones: []escrow.Milestone{{Amount: amount.Int(1)}}, Salt: salt(b.nonce),
	}
	tree := must(stellar.ExpectedTree(escrowContract, escrow.CallDeliver{Terms: terms}, stellar.State{}))
	entry := xdr.SorobanAuthorizationEntry{RootInvocation: tree.Invocation(), Credentials: xdr.SorobanCredentials{
		Type:    xdr.SorobanCredentialsTypeSorobanCredentialsAddress,
		Address: &xdr.SorobanAddressCredentials{Address: tree.Signer.ScAddress(), Nonce: xdr.Int64(b.nonce), Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid}},
	}}
	return relay.SponsorRequest{Call: must(stellar.Encode(tree.Call)), Auth: []string{must(stellar.Encode(must(stellar.SignAuth(b.net.Name, entry, 1<<30, k))))}}
}

func (b *bench) extend() relay.SponsorRequest {
	b.nonce++
	return relay.SponsorRequest{Call: must(stellar.Encode(must(stellar.EncodeCall(escrowContract, escrow.CallExtend{ID: escrow.ID(salt(b.nonce))}))))}
}

// bump is a call that somebody has signed as a transaction of their own.
func (b *bench) bump(who int) relay.SponsorRequest {
	account := must(b.net.Account(context.Background(), b.people[who].Address()))
	b.nonce++
	tx := must(stellar.Invoke(stellar.Envelope{Source: must(stellar.ParseAccount(account.Address)), Sequence: account.Sequence, NotAfter: uint64(time.Now().Unix()) + 120,
		InclusionFee: 100 + b.nonce%3}, must(stellar.EncodeCall(escrowContract, escrow.CallExtend{ID: escrow.ID(salt(b.nonce))}))))
	tx = must(tx.Assemble(xdr.SorobanTransactionData{}, 5000, nil))
	return relay.SponsorRequest{Envelope: must(must(tx.Sign(b.net.Name, b.people[who])).Base64())}
}

func salt(n int64) (h escrow.Hash) {
	binary.BigEndian.PutUint64(h[:], uint64(n))
	return h
}

// Whatever is asked for, by whom, on how many replicas, whatever becomes of it, of the store's answers and of the processes: what ledgers charge
// for a day is never above that day's limits, in all, for each account, and for what nobody authorises (docs/contract-attacks.md E9).
func TestSpendingStaysWithinTheLimits(t *testing.T) {
	var sum happened
	rapid.Check(t, func(rt *rapid.T) {
		share := func(of string) sponsor.Share {
			return sponsor.Share{Stroops: one(rt, "stroops of "+of, int64(60_000), 20_000, 0, 1<<40), Transactions: one[int64](rt, "transactions of "+of, 5, 1, 0, 1000)}
		}
		p := plan{
			seed: rapid.Uint64().Draw(rt, "seed"), faulty: one(rt, "of a hundred answers, so many are lost", 0, 3, 10, 30),
			channels: one(rt, "channels", 1, 2, 5), steps: one(rt, "steps", 60, 10, 150),
			limits: sponsor.Limits{Ceiling: one[int64](rt, "ceiling", 20_000, 8000, 0, 1<<40), Day: one[int64](rt, "day", 150_000, 50_000, 0, 1<<40),
				Account: share("an account"), Shared: share("nobody's")},
		}
		var err error
		synctest.Test(t, func(*testing.T) { err = p.run(&sum) })
		if err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%+v", sum)
	if sum.included < 100 || sum.refused < 100 || sum.deaths < 10 {
		t.Errorf("too little has happened: %+v", sum)
	}
}

// one is one of several.
func one[T any](rt *rapid.T, label string, of ...T) T { return rapid.SampledFrom(of).Draw(rt, label) }

// happened is what a test has seen in all.
type happened struct{ included, refused, deaths int }

// plan is one run: what is asked for, and what becomes of it, is drawn from seed.
type plan struct {
	seed                    uint64
	faulty, channels, steps int
	limits                  sponsor.Limits
}

// unreliable makes of the bench's network and store what the plan says.
func (p plan) unreliable(b *bench, random *seeded) {
	lost := func(of int) bool { return random.intn(of) < p.faulty }
	b.net.Cost = func() int64 { return int64(random.intn(20_000)) }
	b.net.Fate = func() payertest.Fate {
		f := payertest.Fate{Arrives: !lost(100), After: time.Duration(random.intn(int(4 * time.Minute))), Failed: random.intn(5) == 0}
		if random.intn(2) == 0 {
			f.After = time.Duration(random.intn(int(5 * time.Second)))
		}
		if random.intn(2) == 0 {
			f.Charged = int64(100 + random.intn(5000))
		}
		switch {
		case lost(100):
			f.Answer = payertest.ErrLost
		case lost(200):
			f.Code = []string{"tx_bad_seq", "tx_insufficient_fee"}[random.intn(2)]
		}
		return f
	}
	b.net.Lag = func() int64 {
		if lost(200) {
			return 1
		}
		return 0
	}
	b.net.Down = func() error {
		if lost(100) {
			return payertest.ErrLost
		}
		return nil
	}
	b.net.Oldest = func() uint64 { // a node that has begun to follow the network a minute ago, at most
		if lost(100) {
			return uint64(time.Now().Unix()) - uint64(random.intn(60))
		}
		return 0
	}
	b.store.Trouble = func(string) payertest.Trouble {
		if lost(400) {
			return payertest.Trouble(1 + random.intn(2))
		}
		return payertest.None
	}
}

// run asks for one thing after the other, many at once, and compares at the end what was charged with the limits.
func (p plan) run(sum *happened) error {
	random := &seeded{r: rand.New(rand.NewPCG(p.seed, 1))}
	b := newBench(p.channels, 3, random)
	b.config.Limits = p.limits
	p.unreliable(b, random)
	b.start(2)
	var asking sync.WaitGroup
	var mu sync.Mutex
	ask := func(r relay.SponsorRequest, patience time.Duration) {
		s := b.replicas[random.intn(len(b.replicas))]
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_, err := s.Sponsor(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, relay.ErrSpent) {
				sum.refused++
			}
		})
	}
	var last relay.SponsorRequest
	for range p.steps {
		switch what := random.intn(20); {
		case what < 8:
			last = b.deliver(random.intn(len(b.people)))
			ask(last, time.Minute)
		case what < 11:
			ask(b.extend(), time.Minute)
		case what < 13:
			ask(b.bump(random.intn(len(b.people))), time.Minute)
		case what < 15 && last.Call != "": // again, as who has lost the answer does
			ask(last, time.Minute)
		case what == 15: // in a hurry
			ask(b.deliver(random.intn(len(b.people))), time.Duration(1+random.intn(int(time.Second))))
		case what == 16: // both processes die, and come back
			b.stop()
			asking.Wait()
			b.start(2)
			sum.deaths++
		case what == 17: // the next day begins
			asking.Wait()
			now := time.Now().Unix()
			time.Sleep(time.Duration(86_400-now%86_400)*time.Second + time.Second)
		default:
			time.Sleep(time.Duration(random.intn(int(40 * time.Second))))
		}
	}
	asking.Wait()
	time.Sleep(10 * time.Minute)
	b.stop()
	n, err := b.within(p.limits)
	sum.included += n
	return err
}

// within compares what was charged with the limits. Whom and which day a transaction counts for stands in the store, since before it was sent.
func (b *bench) within(l sponsor.Limits) (included int, err error) {
	type of struct {
		day     uint32
		account string
	}
	channels := []string{}
	for _, c := range b.config.Keys.Channels {
		channels = append(channels, c.Account().String())
	}
	all, each := map[uint32]int64{}, map[of]store.Spent{}
	for _, c := range b.net.Charges() {
		included++
		hash := must(stellar.ParseHash(c.Hash))
		t, ok := b.store.Transaction(store.Hash(hash))
		if !ok {
			return 0, fmt.Errorf("transaction %s was paid for and is not stored", c.Hash)
		}
		day := store.DayOf(int64(t.CreatedAt))
		if c.Stroops > l.Ceiling {
			return 0, fmt.Errorf("transaction %s has cost %d stroops, the ceiling is %d", c.Hash, c.Stroops, l.Ceiling)
		}
		account := t.Account
		if slices.Contains(channels, account) || t.Action == "extend" {
			account = "nobody"
		}
		all[day] += c.Stroops
		s := each[of{day, account}]
		s.Stroops += c.Stroops
		s.Transactions++
		each[of{day, account}] = s
	}
	for day, sum := range all {
		counted := must(b.store.Spent(context.Background(), store.PurposeSponsor, day, ""))
		if sum > l.Day || sum > counted.Stroops || counted.Stroops > l.Day {
			return 0, fmt.Errorf("day %d has cost %d stroops, counted are %d, its limit is %d", day, sum, counted.Stroops, l.Day)
		}
	}
	for who, sum := range each {
		share := l.Account
		if who.account == "nobody" {
			share = l.Shared
		}
		if sum.Stroops > share.Stroops || sum.Transactions > share.Transactions {
			return 0, fmt.Errorf("day %d has cost %+v for %s, its share is %+v", who.day, sum, who.account, share)
		}
	}
	return included, nil
}

var _ sponsor.Relay = (*payertest.Network)(nil)
var _ payer.Store = (*payertest.Store)(nil)
