package ctl_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
)

func TestDeployIsRepeatableAndReadsBack(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "stranger")
	first := w.deploy()
	if first.Config.FeeBps != 50 || string(first.Config.Admin) != w.keys["admin"].Address() || string(first.Config.FeeReceiver) != w.keys["receiver"].Address() {
		t.Errorf("deployed with another configuration: %+v", first.Config)
	}
	before := w.account("admin").SeqNum
	if again := w.deploy(); again.Contract != first.Contract {
		t.Errorf("deployed again at %s, was at %s", again.Contract, first.Contract)
	}
	if after := w.account("admin").SeqNum; after != before {
		t.Errorf("deploying what stands sent %d transactions", after-before)
	}
	if other := w.deploy("--salt", strings.Repeat("01", 32)); other.Contract == first.Contract || other.Code != first.Code {
		t.Errorf("another salt gave %s with code %s", other.Contract, other.Code)
	}
	narrow, want := w.deploy("--salt", strings.Repeat("02", 32), "--limits", ` {"inspection_min": 172800, "longest_life": 31536000} `), deploy.DefaultLimits()
	want.InspectionMin, want.LongestLife = 172800, 31536000
	if narrow.Config.Limits != want {
		t.Errorf("with two other limits it has %+v, want %+v", narrow.Config.Limits, want)
	}
	if got := w.info(first.Contract); got.Code != first.Code {
		t.Errorf("info shows code %s, deployed was %s", got.Code, first.Code)
	}
	text := w.must("", "contract", "info", "--contract", first.Contract)
	for _, want := range []string{first.Contract, first.Code, "50 bps to " + w.keys["receiver"].Address(), "open for new trades", "inspection 1d to 30d"} {
		if !strings.Contains(text, want) {
			t.Errorf("info does not say %q:\n%s", want, text)
		}
	}
}

func TestAdminsCalls(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "stranger", "next", "anchor")
	c := w.deploy().Contract
	call := func(name string, more ...string) []string {
		return append([]string{"contract", name, "--contract", c}, more...)
	}

	w.must("admin", call("pause")...)
	if !w.info(c).Config.Paused {
		t.Error("pause: not paused")
	}
	w.must("admin", call("unpause")...)
	if w.info(c).Config.Paused {
		t.Error("unpause: still paused")
	}

	w.must("admin", call("propose-fee", "--bps", "70", "--receiver", w.keys["next"].Address())...)
	if p := w.info(c).Config.PendingFee; p == nil || p.Bps != 70 || string(p.Receiver) != w.keys["next"].Address() {
		t.Errorf("propose-fee: pending is %+v", p)
	}
	w.must("admin", call("cancel-fee")...)
	if p := w.info(c).Config.PendingFee; p != nil {
		t.Errorf("cancel-fee: pending is %+v", p)
	}

	w.must("admin", call("propose-admin", "--to", w.keys["next"].Address())...)
	if got := w.info(c).Config; string(got.Admin) != w.keys["admin"].Address() || got.PendingAdmin == nil {
		t.Errorf("propose-admin: admin %s, pending %v", got.Admin, got.PendingAdmin)
	}
	w.must("next", call("accept-admin")...)
	if got := w.info(c).Config; string(got.Admin) != w.keys["next"].Address() || got.PendingAdmin != nil {
		t.Errorf("accept-admin: admin %s, pending %v", got.Admin, got.PendingAdmin)
	}

	w.must("next", call("set-anchor", "--key", w.keys["anchor"].Address())...)
	hash := strings.Repeat("ab", 32)
	w.must("anchor", call("anchor", "--seq", "7", "--hash", hash)...)
	if got := w.info(c).Config.Anchored; got.Seq != 7 || got.Hash.String() != hash {
		t.Errorf("anchor: anchored is %+v", got)
	}
	if out := w.must("anchor", call("anchor", "--seq", "8", "--hash", hash)...); !strings.Contains(out, "anchor: done in ledger ") {
		t.Errorf("anchor says %q", out)
	}
}

func TestWrongCallsNameWhatIsWrong(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "stranger")
	c := w.deploy().Contract
	_, issuer, usdc := w.network.USDC()
	loose := filepath.Join(w.dir, "loose.key")
	if err := os.WriteFile(loose, []byte(w.keys["admin"].Seed()), 0o644); err != nil {
		t.Fatal(err)
	}
	deployed := func(flag, value string) []string {
		args := map[string]string{"--admin": w.keys["admin"].Address(), "--fee-receiver": w.keys["receiver"].Address(), "--fee-bps": "50", "--asset": usdc}
		args[flag] = value
		line := []string{"contract", "deploy"}
		for f, v := range args {
			line = append(line, f+"="+v)
		}
		return line
	}
	for name, test := range map[string]struct {
		who  string
		args []string
		want string
		code int
	}{
		"another's key":         {"stranger", []string{"contract", "pause", "--contract", c}, "must be signed by " + w.keys["admin"].Address(), 1},
		"fee above the cap":     {"admin", []string{"contract", "propose-fee", "--contract", c, "--bps", "101", "--receiver", w.keys["admin"].Address()}, "above 100 basis points", 1},
		"nothing to cancel":     {"admin", []string{"contract", "cancel-fee", "--contract", c}, "no fee is pending", 1},
		"nobody proposed":       {"admin", []string{"contract", "accept-admin", "--contract", c}, "nobody has been proposed", 1},
		"no contract":           {"", []string{"contract", "info", "--contract", w.keys["admin"].Address()}, "--contract", 3},
		"nothing there":         {"", []string{"contract", "info", "--contract", "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM"}, "nothing stands at this address", 1},
		"another contract":      {"admin", []string{"contract", "pause", "--contract", usdc}, "another contract stands there", 1},
		"another configuration": {"admin", deployed("--fee-bps", "51"), "another configuration: its fee;", 1},
		"mistyped address":      {"admin", deployed("--admin", "GABC"), "--admin", 3},
		"fee of 2 percent":      {"admin", deployed("--fee-bps", "200"), "--fee-bps", 3},
		"asset is an account":   {"admin", deployed("--asset", issuer), "--asset", 3},
		"asset is no token":     {"admin", deployed("--asset", c), "does not answer as a token", 1},
		"limits are not bounds": {"admin", deployed("--limits", `{"inspection_min":0}`), "--limits", 3},
		"hash too short":        {"admin", []string{"contract", "anchor", "--contract", c, "--seq", "1", "--hash", "ab"}, "--hash", 3},
		"unknown command":       {"admin", []string{"contract", "withdraw"}, "withdraw", 3},
		"no such trade":         {"", []string{"contract", "terms", strings.Repeat("ab", 32), "--contract", c}, "no such trade was opened there", 1},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := w.run(test.who, test.args...)
			if err == nil {
				t.Fatalf("escrowctl %s: no error, printed %s", strings.Join(test.args, " "), out)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want it to say %q", err, test.want)
			}
			if got := ctl.ExitCode(err); got != test.code {
				t.Errorf("exit code %d, want %d (%v)", got, test.code, err)
			}
		})
	}
	t.Run("key file that others can read", func(t *testing.T) {
		err := ctl.Run(t.Context(), []string{"contract", "pause", "--contract", c, "--rpc", w.rpc, "--passphrase", w.network.Passphrase(), "--key-file", loose}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), w.keys["admin"].Seed()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another network", func(t *testing.T) {
		err := ctl.Run(t.Context(), append(deployed("--fee-bps", "50"), "--rpc", w.rpc, "--passphrase", "test", "--key-file", w.keyFile("admin")), &bytes.Buffer{})
		if err == nil || ctl.ExitCode(err) != 2 || !strings.Contains(err.Error(), w.network.Passphrase()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no node", func(t *testing.T) {
		err := ctl.Run(t.Context(), []string{"contract", "info", "--contract", c, "--rpc", "http://127.0.0.1:1", "--passphrase", "test"}, &bytes.Buffer{})
		if ctl.ExitCode(err) != 2 {
			t.Errorf("exit code %d for %v, want 2: it could not look", ctl.ExitCode(err), err)
		}
	})
}
