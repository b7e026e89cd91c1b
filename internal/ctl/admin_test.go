package ctl_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

// TestCallsThatChangeNothing are not sent, and say what stands already: who reads "done" believes that it was otherwise before.
func TestCallsThatChangeNothing(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "next", "anchor")
	c := w.deploy().Contract
	address := func(who string) string { return w.keys[who].Address() }
	hash := strings.Repeat("ab", 32)
	for _, step := range []struct {
		who  string
		args []string
		want string // what stands already; empty for a call that is made
	}{
		{"admin", []string{"unpause"}, "not paused"},
		{"admin", []string{"pause"}, ""},
		{"admin", []string{"pause"}, "paused already"},
		{"admin", []string{"unpause"}, ""},
		{"admin", []string{"propose-fee", "--bps=50", "--receiver", address("receiver")}, "in force already"},
		{"admin", []string{"propose-fee", "--bps=50", "--receiver", address("next")}, ""},
		{"admin", []string{"propose-fee", "--bps=50", "--receiver", address("next")}, "proposed already, in force from 20"},
		{"admin", []string{"propose-fee", "--bps=51", "--receiver", address("next")}, ""},
		{"admin", []string{"propose-fee", "--bps=50", "--receiver", address("receiver")}, ""}, // instead of the proposed one
		{"admin", []string{"cancel-fee"}, ""},
		{"admin", []string{"set-anchor", "--key", address("anchor")}, ""},
		{"admin", []string{"set-anchor", "--key", address("anchor")}, "the anchor key already"},
		{"admin", []string{"set-anchor", "--key", address("next")}, ""},
		{"next", []string{"anchor", "--seq=1", "--hash", hash}, ""},
		{"next", []string{"anchor", "--seq=1", "--hash", hash}, "anchored already"},
		{"next", []string{"anchor", "--seq=2", "--hash", hash}, ""},
		{"admin", []string{"propose-admin", "--to", address("next")}, ""},
		{"admin", []string{"propose-admin", "--to", address("next")}, "proposed already"},
		{"admin", []string{"propose-admin", "--to", address("receiver")}, ""},
	} {
		before := w.account(step.who).SeqNum
		out := w.must(step.who, append([]string{"contract", step.args[0], "--contract", c}, step.args[1:]...)...)
		sent := w.account(step.who).SeqNum - before
		want, transactions := "done in ledger ", xdr.SequenceNumber(1)
		if step.want != "" {
			want, transactions = step.want, 0
		}
		if !strings.Contains(out, want) || sent != transactions || strings.HasSuffix(out, "; nothing was sent\n") != (sent == 0) {
			t.Errorf("%q sent %d transactions, want %d, and says %q, want %q", step.args, sent, transactions, out, want)
		}
	}
	// Whoever may not make a call is told that, and not what stands.
	if out, err := w.run("next", "contract", "unpause", "--contract", c); ctl.ExitCode(err) != 1 || out != "" || !strings.Contains(err.Error(), "must be signed by") {
		t.Errorf("a stranger's unpause: %q, %v", out, err)
	}
}

// TestAnchorFarAhead: what is anchored can only rise, so one mistyped number would end it for the contract.
func TestAnchorFarAhead(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "anchor")
	c := w.deploy().Contract
	w.must("admin", "contract", "set-anchor", "--contract", c, "--key", w.keys["anchor"].Address())
	const step = 1_000_000
	for _, try := range []struct {
		seq  uint64
		far  bool
		last uint64 // that is named in the refusal
		ok   bool
	}{
		{1<<64 - 1, false, 0, false},
		{step + 1, false, 0, false},
		{step, false, 0, true},
		{2*step + 1, false, step, false},
		{1<<64 - 1, false, step, false},
		{2 * step, false, 0, true},
		{5 * step, true, 0, true},
		{5*step + 1, false, 0, true},
	} {
		args := []string{"contract", "anchor", "--contract", c, "--hash", strings.Repeat("ab", 32), "--seq", strconv.FormatUint(try.seq, 10)}
		if try.far {
			args = append(args, "--far")
		}
		before := w.info(c).Config.Anchored.Seq
		out, err := w.run("anchor", args...)
		switch after := w.info(c).Config.Anchored.Seq; {
		case try.ok:
			if err != nil || after != try.seq {
				t.Errorf("anchor %d, far %v: %q, %v; anchored is %d", try.seq, try.far, out, err, after)
			}
		case err == nil || ctl.ExitCode(err) != 1 || after != before:
			t.Errorf("anchor %d: %q, %v (exit code %d); anchored is %d, was %d", try.seq, out, err, ctl.ExitCode(err), after, before)
		default:
			for _, want := range []string{"--far", "--seq", "last anchored is " + strconv.FormatUint(try.last, 10), "can only rise", strconv.FormatUint(try.seq, 10)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("anchor %d: got %q, want it to say %q", try.seq, err, want)
				}
			}
		}
	}
}
