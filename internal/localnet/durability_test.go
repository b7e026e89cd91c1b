package localnet_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
)

// childDir, when set, makes the test binary a network on that data folder, to be killed.
const childDir = "LOCALNET_TEST_DATA"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		go func() { // the parent holds the other end: when it is gone, however it went, nobody would stop this process
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(2)
		}()
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(dir string) error {
	m, err := localnettest.Compiled()
	if err != nil {
		return err
	}
	n, err := localnet.Open(context.Background(), localnet.Options{DataDir: dir, Machine: m})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"url": "http://" + l.Addr().String()}); err != nil {
		return err
	}
	return http.Serve(l, n.Handler())
}

// start runs a network in a process of its own, until kill or the end of the test.
func start(t *testing.T, dir string) (kill func(), url string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // stays open as long as this process lives
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Errorf("the network had ended by itself: %v", err)
		}
		_ = cmd.Wait() // it was killed
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ready struct{ URL string }
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		t.Fatalf("the network did not start: %v", err)
	}
	return kill, ready.URL
}

// However often and whenever the process is killed, what a client has seen is still there afterwards: transactions with their
// ledgers, the last ledger, the clock; and the history is a chain that leads to the state.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds: left out with -short")
	}
	dir := t.TempDir()
	seen := &witness{txs: map[string]ending{}, more: make(chan struct{}, 1)}
	var users []*keypair.Full
	for range 4 {
		users = append(users, keypair.MustRandom())
	}
	for round := range 6 {
		kill, url := start(t, dir)
		c := rpcclient.NewClient(url, nil)
		seen.check(t, c)
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for i, k := range users {
			all.Go(func() { seen.work(ctx, c, url, k, users[(i+1)%len(users)]) })
		}
		all.Go(func() { seen.moveClock(ctx, url) })
		seen.await(t, 2)
		time.Sleep(rand.N(400 * time.Millisecond)) // whenever: also in the middle of what nobody has seen
		kill()
		cancel()
		all.Wait()
		_ = c.Close()
		t.Logf("round %d: %d transactions seen, last ledger %d", round, len(seen.txs), seen.last)
	}
	_, c := serve(t, localnettest.Open(t, localnet.Options{DataDir: dir}))
	seen.check(t, c)
}

// witness is what clients have seen.
type witness struct {
	mu     sync.Mutex
	txs    map[string]ending
	last   uint32
	closed int64
	hash   string
	more   chan struct{} // holds a token when txs has grown
}

// ending is how a transaction ended, and in which ledger.
type ending struct {
	status string
	ledger uint32
}

func (w *witness) saw(tx string, e ending) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.txs[tx] = e
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// await waits until n more transactions are seen.
func (w *witness) await(t *testing.T, n int) {
	t.Helper()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.txs)
	}
	late := time.After(time.Minute)
	for want := count() + n; count() < want; {
		select {
		case <-w.more:
		case <-late:
			t.Fatalf("%d transactions are seen after a minute, want %d", count(), want)
		}
	}
}

// work pays as fast as it can, until the network is gone.
func (w *witness) work(ctx context.Context, c *rpcclient.Client, url string, from, to *keypair.Full) {
	if res, err := http.Get(url + "/friendbot?addr=" + from.Address()); err == nil {
		_ = res.Body.Close()
	}
	for ctx.Err() == nil {
		account, err := c.LoadAccount(ctx, from.Address())
		if err != nil {
			return
		}
		tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: account, IncrementSequenceNum: true, BaseFee: 100,
			Operations:    []txnbuild.Operation{&txnbuild.Payment{Destination: to.Address(), Amount: "0.1", Asset: txnbuild.NativeAsset{}}},
			Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
		if err == nil {
			tx, err = tx.Sign(localnet.Passphrase, from)
		}
		if err != nil {
			return
		}
		text, _ := tx.Base64()
		sent, err := c.SendTransaction(ctx, protocol.SendTransactionRequest{Transaction: text})
		if err != nil {
			return
		}
		if sent.Status != "PENDING" {
			continue
		}
		res, err := c.PollTransactionWithOptions(ctx, sent.Hash, rpcclient.NewPollTransactionOptions().WithInitialInterval(time.Millisecond))
		if err != nil {
			return
		}
		w.saw(sent.Hash, ending{res.Status, res.Ledger})
		if latest, err := c.GetLatestLedger(ctx); err == nil {
			w.mu.Lock()
			if latest.Sequence > w.last {
				w.last, w.closed, w.hash = latest.Sequence, latest.LedgerCloseTime, latest.Hash
			}
			w.mu.Unlock()
		}
	}
}

func (w *witness) moveClock(ctx context.Context, url string) {
	for i := 0; ctx.Err() == nil; i++ {
		seconds := 3600
		if i%5 == 0 {
			seconds = 9 * 86400 // of more than one step
		}
		res, err := http.Post(url+"/advance", "application/json", jsonBody(map[string]int{"seconds": seconds}))
		if err != nil {
			return
		}
		_ = res.Body.Close()
		time.Sleep(20 * time.Millisecond)
	}
}

func (w *witness) check(t *testing.T, c *rpcclient.Client) {
	t.Helper()
	if w.last == 0 {
		return
	}
	latest, err := c.GetLatestLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if latest.Sequence < w.last || latest.LedgerCloseTime < w.closed {
		t.Errorf("the last ledger is %d at %d, %d at %d was seen", latest.Sequence, latest.LedgerCloseTime, w.last, w.closed)
	}
	page, err := c.GetLedgers(t.Context(), protocol.GetLedgersRequest{StartLedger: w.last, Pagination: &protocol.LedgerPaginationOptions{Limit: 1}})
	if err != nil || page.Ledgers[0].Hash != w.hash {
		t.Errorf("ledger %d is another one than was seen: %v", w.last, err)
	}
	for hash, seen := range w.txs {
		res, err := c.GetTransaction(t.Context(), protocol.GetTransactionRequest{Hash: hash})
		if now := (ending{res.Status, res.Ledger}); err != nil || now != seen {
			t.Fatalf("transaction %s: %v, %v; seen was %v", hash, now, err, seen)
		}
	}
}
