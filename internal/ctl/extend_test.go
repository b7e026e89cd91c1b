package ctl_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// What the main network's settings give, in ledgers of five seconds: a new entry, and the longest.
const (
	dayOfLedgers = 17_280
	newLife      = 120 * dayOfLedgers
	longestLife  = 180 * dayOfLedgers
)

func (w *world) advance(days int) {
	w.t.Helper()
	if _, err := w.network.Advance(time.Duration(days) * 24 * time.Hour); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) latest() uint32 {
	w.t.Helper()
	kept, err := w.client().Range(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return kept.Latest.Sequence
}

// lives is how many days the entries of a contract still live, by name, and whether info says that they are archived.
func (w *world) lives(contract string) (days map[string]int64, archived map[string]bool) {
	w.t.Helper()
	var got struct {
		Lifetimes []struct {
			Entry     string
			LiveUntil uint32 `json:"live_until_ledger"`
			About     uint64
			Archived  bool
		}
	}
	if err := json.Unmarshal([]byte(w.must("", "contract", "info", "--json", "--warn-days=0", "--contract", contract)), &got); err != nil {
		w.t.Fatal(err)
	}
	days, archived = map[string]int64{}, map[string]bool{}
	for _, l := range got.Lifetimes {
		days[l.Entry], archived[l.Entry] = (int64(l.LiveUntil)-int64(w.latest()))/dayOfLedgers, l.Archived
		if at := w.network.Now().Add(time.Duration(days[l.Entry]) * 24 * time.Hour).Unix(); !l.Archived && (int64(l.About) < at-86_400 || int64(l.About) > at+2*86_400) {
			w.t.Errorf("the %s lives until about %d, for %d days from %d", l.Entry, l.About, days[l.Entry], w.network.Now().Unix())
		}
	}
	return days, archived
}

// xlm is an account's balance in stroops.
func (w *world) xlm(who string) int64 {
	w.t.Helper()
	return int64(w.account(who).Balance)
}

var feePaid = regexp.MustCompile(`fee ([0-9]+)\.([0-9]{7}) XLM`)

// paid reads the fee out of what was printed, in stroops.
func paid(t *testing.T, text string) int64 {
	t.Helper()
	m := feePaid.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no fee is said in\n%s", text)
	}
	fee, err := strconv.ParseInt(m[1]+m[2], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return fee
}

// TestExtend lets a stranger pay for the contract: at first with nothing in danger, then with all of it archived.
func TestExtend(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "stranger")
	contract := w.deploy().Contract
	extend := []string{"contract", "extend", "--contract", contract}
	if days, _ := w.lives(contract); days["code"] != newLife/dayOfLedgers-1 || days["instance"] < days["code"] {
		t.Fatalf("after deployment the code lives for %d days, the instance for %d", days["code"], days["instance"])
	}

	before := w.xlm("stranger")
	tried, err := w.offline(append(extend, "--dry-run", "--rpc", w.rpc)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nothing was sent; the fee would be about ", "code          would live until ledger "} {
		if !strings.Contains(tried, want) {
			t.Errorf("the dry run does not say %q:\n%s", want, tried)
		}
	}
	if days, _ := w.lives(contract); days["code"] != newLife/dayOfLedgers-1 || w.xlm("stranger") != before {
		t.Errorf("after a dry run the code lives for %d days, and %d stroops are gone", days["code"], before-w.xlm("stranger"))
	}

	text := w.must("stranger", extend...)
	fee := paid(t, text)
	if gone := before - w.xlm("stranger"); fee != gone {
		t.Errorf("it says a fee of %d stroops, %d are gone:\n%s", fee, gone, text)
	}
	if strings.Count(text, "lives until ledger ") != 8 || strings.Contains(text, "restored") {
		t.Errorf("it does not show both lives before and after:\n%s", text)
	}
	if days, _ := w.lives(contract); days["code"] != longestLife/dayOfLedgers-1 || days["instance"] != longestLife/dayOfLedgers-1 {
		t.Errorf("extended, the code lives for %d days, the instance for %d", days["code"], days["instance"])
	}

	before = w.xlm("stranger")
	if text := w.must("stranger", extend...); !strings.Contains(text, "as long as the network allows; nothing was sent") || w.xlm("stranger") != before {
		t.Errorf("repeated, it says\n%s", text)
	}

	w.advance(181)
	if days, archived := w.lives(contract); !archived["code"] || !archived["instance"] {
		t.Fatalf("181 days later the code lives for %d days, the instance for %d", days["code"], days["instance"])
	}
	before = w.xlm("stranger")
	tried = w.must("stranger", append(extend, "--dry-run")...)
	if !strings.Contains(tried, "would be restored for about ") || w.xlm("stranger") != before {
		t.Errorf("the dry run says\n%s", tried)
	}
	text = w.must("stranger", extend...)
	if gone := before - w.xlm("stranger"); paid(t, text) != gone {
		t.Errorf("%d stroops are gone:\n%s", gone, text)
	}
	for _, want := range []string{"code          archived\n", "rulebook code archived\n", "rulebook      archived\n", "restored what was archived, for ", "code          lives until ledger "} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	days, archived := w.lives(contract)
	if archived["code"] || archived["rulebook"] || days["code"] != longestLife/dayOfLedgers-1 || days["rulebook code"] != days["code"] {
		t.Errorf("restored and extended, the code lives for %d days, the rulebook's for %d", days["code"], days["rulebook code"])
	}
	if _, there := days["anchor"]; there {
		t.Error("it shows the life of what was never anchored")
	}
	w.must("admin", "contract", "pause", "--contract", contract)

	w.must("admin", "contract", "set-anchor", "--key", w.keys["stranger"].Address(), "--contract", contract)
	w.must("stranger", "contract", "anchor", "--seq=1", "--hash", strings.Repeat("ab", 32), "--contract", contract)
	if days, _ := w.lives(contract); days["anchor"] > days["code"]-30 {
		t.Fatalf("just anchored, the head lives for %d days, the code for %d", days["anchor"], days["code"])
	}
	w.must("stranger", extend...)
	if days, _ := w.lives(contract); days["anchor"] != longestLife/dayOfLedgers-1 {
		t.Errorf("extended, the anchored head lives for %d days", days["anchor"])
	}
}

// TestExtendArchivedCodeOnly has an instance that its callers keep alive, and code that nobody does.
func TestExtendArchivedCodeOnly(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "buyer", "seller", "stranger")
	contract := w.deploy().Contract
	w.advance(110)
	w.open(contract) // extends the instance, never the code
	w.advance(11)
	days, archived := w.lives(contract)
	if !archived["code"] || archived["instance"] {
		t.Fatalf("the code lives for %d days, the instance for %d", days["code"], days["instance"])
	}
	text := w.must("stranger", "contract", "extend", "--contract", contract)
	if days, archived := w.lives(contract); archived["code"] || days["code"] != longestLife/dayOfLedgers-1 || days["instance"] != days["code"] {
		t.Errorf("the code lives for %d days, the instance for %d:\n%s", days["code"], days["instance"], text)
	}
}

// TestExtendTrade lets a stranger keep a trade's entry alive by the contract's own call.
func TestExtendTrade(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "buyer", "seller", "stranger")
	contract := w.deploy().Contract
	_, id := w.open(contract)
	until := func() uint32 {
		t.Helper()
		address, err := stellar.ParseAddress(contract)
		if err != nil {
			t.Fatal(err)
		}
		entries, _, err := w.client().Entries(t.Context(), stellar.TradeKey(address, id))
		if err != nil || len(entries) != 1 {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		return entries[0].LiveUntil
	}
	extend := []string{"contract", "extend", "--contract", contract, "--trade", id.String()}
	for _, archived := range []bool{true, false} {
		w.advance(map[bool]int{true: 121, false: 10}[archived])
		before, balance := until(), w.xlm("stranger")
		if text := w.must("stranger", append(extend, "--dry-run")...); !strings.Contains(text, "trade         would live until ledger ") || until() != before {
			t.Errorf("the dry run says\n%s", text)
		}
		text := w.must("stranger", extend...)
		if gone := balance - w.xlm("stranger"); paid(t, text) != gone || gone == 0 {
			t.Errorf("%d stroops are gone:\n%s", gone, text)
		}
		if now := until(); now < w.latest()+longestLife-dayOfLedgers || now == before {
			t.Errorf("it lives until ledger %d, the latest is %d:\n%s", now, w.latest(), text)
		}
		if strings.Contains(text, "archived") != archived || !strings.Contains(text, "trade         lives until ledger "+strconv.FormatUint(uint64(until()), 10)) {
			t.Errorf("archived %v: it says\n%s", archived, text)
		}
	}
}

func TestInfoWarnsBeforeTheEnd(t *testing.T) {
	w := newWorld(t, "admin", "receiver")
	contract := w.deploy().Contract
	info := []string{"contract", "info", "--contract", contract}
	for _, c := range []struct {
		days int // that pass before
		args []string
		want string // the warning; none if empty
	}{
		{0, nil, ""},
		{0, []string{"--warn-days", "200"}, "the code lives for 119 days more"},
		{100, nil, "too short a life: the code lives for 19 days more"},
		{0, []string{"--warn-days", "19"}, ""},
		{20, nil, "the code is archived"},
		{0, []string{"--warn-days", "0"}, ""},
	} {
		w.advance(c.days)
		out, err := w.run("", append(info, c.args...)...)
		if !strings.Contains(out, "code          ") || !strings.Contains(out, "instance      ") || !strings.Contains(out, "fee           50 bps") {
			t.Errorf("info %v does not show everything, with or without a warning:\n%s", c.args, out)
		}
		switch {
		case c.want == "" && err != nil:
			t.Errorf("info %v: %v", c.args, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "escrowctl contract extend") || ctl.ExitCode(err) != 1):
			t.Errorf("info %v: %v (exit code %d), want %q and exit code 1", c.args, err, ctl.ExitCode(err), c.want)
		}
	}
}

func TestExtendRefuses(t *testing.T) {
	w := newWorld(t, "admin", "receiver")
	contract := w.deploy().Contract
	for name, c := range map[string]struct {
		who  string
		args []string
		want string
		code int
	}{
		"no key":             {"", []string{"--contract", contract}, "--dry-run", 3},
		"no such trade":      {"admin", []string{"--contract", contract, "--trade", strings.Repeat("ab", 32)}, "trade: no such entry", 1},
		"half an id":         {"admin", []string{"--contract", contract, "--trade", "abab"}, "--trade", 3},
		"nothing there":      {"admin", []string{"--contract", "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM"}, "no such entry", 1},
		"an account instead": {"admin", []string{"--contract", w.keys["admin"].Address()}, "--contract", 3},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := w.run(c.who, append([]string{"contract", "extend"}, c.args...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) || ctl.ExitCode(err) != c.code {
				t.Errorf("got %v (exit code %d), want %q and %d; it printed\n%s", err, ctl.ExitCode(err), c.want, c.code, out)
			}
		})
	}
}
