package weather_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
)

// whole checks that all that a node says of its ledgers agrees, and returns its newest.
func (s *sky) whole(oldest, newest uint32) {
	s.t.Helper()
	health := s.health(s.url)
	if health.OldestLedger != oldest || health.LatestLedger != newest {
		s.t.Errorf("its health: %+v, want ledgers %d to %d", health, oldest, newest)
	}
	latest := get[protocol.GetLatestLedgerResponse](s, s.url, protocol.GetLatestLedgerMethodName, nil)
	list := s.ledgers(s.url, oldest)
	last := list.Ledgers[len(list.Ledgers)-1]
	if latest.Sequence != newest || last.Sequence != newest || latest.Hash != last.Hash || latest.LedgerCloseTime != health.LatestLedgerCloseTime ||
		list.LatestLedger != newest || list.OldestLedger != oldest || len(list.Ledgers) != int(newest-oldest+1) || list.Cursor != fmt.Sprint(newest) {
		s.t.Errorf("its newest is %d (%s) alone, %d (%s) in a list of %d from %d to %d", latest.Sequence, latest.Hash, last.Sequence, last.Hash, len(list.Ledgers), list.OldestLedger, list.LatestLedger)
	}
	var before xdr.Hash
	for i, l := range list.Ledgers {
		var meta xdr.LedgerCloseMeta
		if err := xdr.SafeUnmarshalBase64(l.LedgerMetadata, &meta); err != nil {
			s.t.Fatal(err)
		}
		header := meta.LedgerHeaderHistoryEntry()
		raw, err := header.Header.MarshalBinary()
		if err != nil {
			s.t.Fatal(err)
		}
		set, err := meta.V2.TxSet.MarshalBinary()
		if err != nil {
			s.t.Fatal(err)
		}
		if header.Hash != sha256.Sum256(raw) || l.Hash != header.Hash.HexString() || header.Header.ScpValue.TxSetHash != sha256.Sum256(set) ||
			i > 0 && header.Header.PreviousLedgerHash != before || meta.V2.TxSet.V1TxSet.PreviousLedgerHash != header.Header.PreviousLedgerHash {
			s.t.Errorf("ledger %d is not sound", l.Sequence)
		}
		before = header.Hash
	}
	events := get[protocol.GetEventsResponse](s, s.url, protocol.GetEventsMethodName, eventsFrom(oldest))
	all := get[protocol.GetEventsResponse](s, s.inside, protocol.GetEventsMethodName, eventsFrom(oldest))
	want := slices.DeleteFunc(all.Events, func(e protocol.EventInfo) bool { return uint32(e.Ledger) > newest })
	end := protocol.MaxCursor
	end.Ledger = newest
	if ids(events.Events) != ids(want) || events.LatestLedger != newest || events.OldestLedger != oldest || events.Cursor != end.String() {
		s.t.Errorf("%d events, to %s; want %d, to %s", len(events.Events), events.Cursor, len(want), end)
	}
	params := map[string]any{"startLedger": oldest, "pagination": map[string]any{"limit": 200}}
	txs := get[protocol.GetTransactionsResponse](s, s.url, protocol.GetTransactionsMethodName, params)
	known := get[protocol.GetTransactionsResponse](s, s.inside, protocol.GetTransactionsMethodName, params)
	n := 0
	for _, t := range known.Transactions {
		status := get[protocol.GetTransactionResponse](s, s.url, protocol.GetTransactionMethodName, map[string]any{"hash": t.TransactionHash})
		if has := t.Ledger <= newest; has != (status.Status == "SUCCESS") || status.LatestLedger != newest {
			s.t.Errorf("the transaction of ledger %d is %s, the newest ledger %d", t.Ledger, status.Status, status.LatestLedger)
		} else if has {
			n++
		}
	}
	if len(txs.Transactions) != n || txs.LatestLedger != newest {
		s.t.Errorf("%d transactions up to %d, want %d up to %d", len(txs.Transactions), txs.LatestLedger, n, newest)
	}
	fees := get[struct{ LatestLedger uint32 }](s, s.url, protocol.GetFeeStatsMethodName, nil)
	if fees.LatestLedger != newest {
		s.t.Errorf("its fees are told as of %d", fees.LatestLedger)
	}
	for _, method := range []string{protocol.GetLedgersMethodName, protocol.GetEventsMethodName, protocol.GetTransactionsMethodName} {
		for _, from := range []uint32{oldest - 1, newest + 1} {
			params := map[string]any{"startLedger": from}
			if method == protocol.GetEventsMethodName {
				params = eventsFrom(from)
			}
			if r := post(s.url, method, params); r.Error == nil || r.Error.Code != -32600 {
				s.t.Errorf("%s from %d: %+v", method, from, r)
			}
		}
	}
}

func TestALaggingNodeLagsInEverything(t *testing.T) {
	s := newSky(t, weather.Config{Lag: 1, LagLedgers: 1, SpellCalls: 1})
	newest := s.health(s.inside).LatestLedger
	s.whole(2, newest-1)
	s.weather.Clear()
	s.whole(2, newest)
}

func TestAFlappingNodeGoesBack(t *testing.T) {
	s := newSky(t, weather.Config{Flap: 1, LagLedgers: 5, SpellCalls: 40})
	up, down, last := 0, 0, s.health(s.url).LatestLedger
	for range 60 {
		now := s.health(s.url).LatestLedger
		if now > last {
			up++
		} else if now < last {
			down++
		}
		last = now
	}
	if up < 10 || down < 10 {
		t.Errorf("it went %d times up and %d times down", up, down)
	}
}

func TestRetentionOvertakesACursor(t *testing.T) {
	s := newSky(t, weather.Config{Keep: 3})
	newest := s.health(s.inside).LatestLedger
	s.whole(newest-2, newest)
	old := protocol.Cursor{Ledger: 3}
	if r := post(s.url, protocol.GetEventsMethodName, eventsAfter(old.String())); r.Error == nil || !strings.Contains(r.Error.Message, "startLedger must be within the ledger range") {
		t.Errorf("an expired cursor: %+v", r)
	}
	if err := s.weather.Set(weather.Config{Keep: 3, EmptyPage: 1}); err != nil {
		t.Fatal(err)
	}
	page := get[protocol.GetEventsResponse](s, s.url, protocol.GetEventsMethodName, eventsAfter(old.String()))
	end := protocol.MaxCursor
	end.Ledger = newest
	if len(page.Events) > 0 || page.Cursor != end.String() || page.OldestLedger != newest-2 {
		t.Errorf("an expired cursor, answered: %d events to %s, oldest %d", len(page.Events), page.Cursor, page.OldestLedger)
	}
	s.saw(weather.EmptyPage, 1)

	s.weather.Clear()
	if err := s.weather.Set(weather.Config{Forget: 1}); err != nil {
		t.Fatal(err)
	}
	if got := s.health(s.url); got.OldestLedger != newest || got.LatestLedger != newest {
		t.Errorf("after it has forgotten: %+v", got)
	}
}

func TestAForkIsAChainOfItsOwn(t *testing.T) {
	s := newSky(t, weather.Config{Fork: 1, ForkLedgers: 2, Seed: 3})
	parted := s.health(s.url).LatestLedger - 2
	for i := range 2 {
		envelope, hash := s.payment(i + 1)
		get[protocol.SendTransactionResponse](s, s.url, protocol.SendTransactionMethodName, map[string]any{"transaction": envelope})
		if !s.included(hash) {
			t.Fatal("no ledger has it")
		}
	}
	newest := s.health(s.inside).LatestLedger
	for range 2 { // from the end and from the beginning, it is the same
		s.whole(2, newest)
	}
	ours, theirs := s.ledgers(s.inside, 2), s.ledgers(s.url, 2)
	for i, l := range ours.Ledgers {
		if same := l.Hash == theirs.Ledgers[i].Hash; same != (l.Sequence < parted) {
			t.Errorf("ledger %d has the same hash: %t; they parted at %d", l.Sequence, same, parted)
		}
	}
	if newest < parted+4 {
		t.Errorf("they parted at %d, the newest is %d", parted, newest)
	}
}

func TestAResetNetworkIsAnother(t *testing.T) {
	other := newNet(t)
	s := newSky(t, weather.Config{Reset: 1, Other: other.Handler()})
	if got, want := s.health(s.url).LatestLedger, s.health(s.inside).LatestLedger; got >= want {
		t.Errorf("it is at ledger %d, and was at %d", got, want)
	}
	network := get[protocol.GetNetworkResponse](s, s.url, protocol.GetNetworkMethodName, nil)
	if network.Passphrase != s.net.Passphrase() {
		t.Errorf("it is called %q", network.Passphrase)
	}
	s.saw(weather.Reset, 1)
}

func TestAForeignNodeSaysSo(t *testing.T) {
	s := newSky(t, weather.Config{Passphrase: "Another ; 2026"})
	if got := get[protocol.GetNetworkResponse](s, s.url, protocol.GetNetworkMethodName, nil); got.Passphrase != "Another ; 2026" || got.ProtocolVersion == 0 {
		t.Errorf("%+v", got)
	}
}
