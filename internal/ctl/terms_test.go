package ctl_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TestTermsFromTheChainAlone opens a trade and finds its terms again, by asking a node and by reading ledger files without one.
func TestTermsFromTheChainAlone(t *testing.T) {
	w := newWorld(t, "admin", "receiver", "buyer", "seller")
	contract := w.deploy().Contract
	terms, id := w.open(contract)

	read := func(args ...string) escrow.Terms {
		t.Helper()
		var got struct {
			ID    escrow.ID    `json:"id"`
			Terms escrow.Terms `json:"terms"`
			XDR   string       `json:"xdr"`
		}
		if err := json.Unmarshal([]byte(w.must("", append([]string{"contract", "terms", id.String(), "--contract", contract}, args...)...)), &got); err != nil {
			t.Fatal(err)
		}
		value, err := stellar.EncodeTerms(got.Terms)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := stellar.Encode(value); err != nil || text != got.XDR {
			t.Errorf("the XDR is of other terms: %s, want %s, %v", got.XDR, text, err)
		}
		return got.Terms
	}
	if got := read(); got.Salt != terms.Salt || got.Milestones[0] != terms.Milestones[0] {
		t.Errorf("from the node: %+v, want %+v", got, terms)
	}
	w.advance(1)
	latest := w.latest()
	for from, c := range map[uint32]struct {
		want string
		code int
	}{
		latest:      {fmt.Sprintf("no such trade was opened there: ledgers %d to %d were read", latest, latest), 1}, // after it was opened
		latest + 1:  {fmt.Sprintf("--from: ledger %d is in the future, the node's latest is %d", latest+1, latest), 2},
		999_999_999: {"--from: ledger 999999999 is in the future", 2},
	} {
		out, err := w.run("", "contract", "terms", id.String(), "--contract", contract, "--from", strconv.FormatUint(uint64(from), 10))
		if err == nil || out != "" || ctl.ExitCode(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("from ledger %d: %q, %v (exit code %d), want %q and %d", from, out, err, ctl.ExitCode(err), c.want, c.code)
		}
	}
	file := w.recordLedgers()
	if out, err := w.run("", "contract", "terms", strings.Repeat("ab", 32), "--contract", contract, "--ledgers", file); ctl.ExitCode(err) != 1 || !strings.Contains(err.Error(), w.network.Passphrase()) {
		t.Errorf("another trade's from ledger files, which do not say of which network they are: %q, %v", out, err)
	}
	if out, err := w.offline("contract", "terms", id.String(), "--contract", contract); err == nil || ctl.ExitCode(err) != 3 {
		t.Errorf("neither node nor files: %q, %v", out, err)
	}
	if out, err := w.offline("contract", "terms", id.String(), "--contract", contract, "--ledgers", file); err != nil || !strings.Contains(out, terms.Salt.String()) {
		t.Errorf("without a node: %q, %v", out, err)
	}
	if got := read("--ledgers", file); got.Salt != terms.Salt || got.Milestones[0] != terms.Milestones[0] {
		t.Errorf("from ledger files: %+v, want %+v", got, terms)
	}
	if err := os.WriteFile(file, []byte("not ledgers at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.run("", "contract", "terms", id.String(), "--contract", contract, "--ledgers", file); err == nil || !strings.Contains(err.Error(), "record 1") {
		t.Errorf("a file of something else: %v", err)
	}
}

// recordLedgers writes what the network has closed as a core streams it.
func (w *world) recordLedgers() string {
	w.t.Helper()
	c, from := w.client(), uint32(0)
	kept, err := c.Range(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var stream bytes.Buffer
	for from = kept.Oldest.Sequence; from <= kept.Latest.Sequence; {
		page, _, err := c.Ledgers(context.WithoutCancel(w.t.Context()), from, 100)
		if err != nil || len(page) == 0 {
			w.t.Fatalf("ledgers from %d: %d, %v", from, len(page), err)
		}
		for _, l := range page {
			var meta xdr.LedgerCloseMeta
			if err := xdr.SafeUnmarshalBase64(l.Meta, &meta); err != nil {
				w.t.Fatal(err)
			}
			raw, err := meta.MarshalBinary()
			if err != nil {
				w.t.Fatal(err)
			}
			stream.Write(binary.BigEndian.AppendUint32(nil, 1<<31|uint32(len(raw))))
			stream.Write(raw)
			from = l.Sequence + 1
		}
	}
	file := filepath.Join(w.dir, "ledgers.xdr")
	if err := os.WriteFile(file, stream.Bytes(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}
