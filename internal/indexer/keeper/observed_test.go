package keeper_test

import (
	"encoding/base64"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// until waits for something to be so.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(40 * time.Second); !so(); {
		if time.Now().After(end) {
			for _, k := range w.running {
				w.t.Logf("%+v", k.Status())
			}
			w.t.Fatalf("it never came to this: %s", what)
		}
		time.Sleep(10 * time.Millisecond) // the network, the indexer and the keeper have no common clock to step
	}
}

// settledIn is the ledger in which a trade was settled, 0 where it was not, and how often it was.
func (w *world) settledIn(id escrow.ID) (ledger uint32, times int) {
	w.t.Helper()
	for _, e := range w.events(id) {
		if e.Kind == (escrow.Settled{}).EventName() {
			ledger, times = e.ID.Ledger(), times+1
		}
	}
	return ledger, times
}

// charged is what an account has paid so far, by what is left of what friendbot gave.
func (w *world) charged(name string) int64 {
	w.t.Helper()
	account := rpctest.Account(w.t, w.node, w.keys[name].Address())
	return localnet.FriendbotLumens*xlm - int64(account.Balance)
}

// sent are the transactions of the keepers' accounts that ledgers have from one on.
func (w *world) sent(from uint32) (succeeded, failed int, wasted int64) {
	w.t.Helper()
	ours := map[string]bool{}
	for _, k := range w.keepers {
		ours[k.Account().String()] = true
	}
	for seq := range w.net.Chain().Filled(from, w.latest()) {
		meta, ok, err := w.net.Chain().Ledger(seq)
		if err != nil || !ok {
			w.t.Fatalf("ledger %d: %v", seq, err)
		}
		envelopes := map[xdr.Hash]xdr.TransactionEnvelope{}
		for _, e := range meta.TransactionEnvelopes() {
			envelopes[must(network.HashTransactionInEnvelope(e, w.net.Passphrase()))] = e
		}
		for _, tx := range meta.V2.TxProcessing {
			e := envelopes[tx.Result.TransactionHash]
			source := e.SourceAccount().ToAccountId()
			switch {
			case !ours[source.Address()]:
			case tx.Result.Result.Successful():
				succeeded++
			default:
				failed, wasted = failed+1, wasted+int64(tx.Result.Result.FeeCharged)
			}
		}
	}
	return succeeded, failed, wasted
}

// events are those of a trade, as they are stored.
func (w *world) events(id escrow.ID) []store.Event {
	w.t.Helper()
	w.projected()
	trade := store.Hash(id)
	return must(w.db.Events(w.t.Context(), store.EventFilter{Trade: &trade, Page: store.Page{Limit: store.MaxPage}}))
}

func kindsOf(events []store.Event) (kinds []string) {
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// code is the hash of the contract's code.
func (w *world) code() (stellar.Hash, error) {
	_, hash, err := wasm.Escrow()
	return hash, err
}

// keeperTransactions are those of a trade.
func keeperTransactions(id escrow.ID) store.TransactionFilter {
	trade := store.Hash(id)
	return store.TransactionFilter{Trade: &trade, Limit: 10}
}

func base64Of(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }
