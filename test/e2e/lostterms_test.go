package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
)

// recordedLedgers writes ledgers into a file as a core streams them, and tells whether an envelope in them has these bytes.
func (w *live) recordedLedgers(from, to uint32, sought []byte) (file string, inEnvelopes bool) {
	w.t.Helper()
	var stream bytes.Buffer
	for seq := range w.net.Chain().Filled(from, to) {
		meta, _, err := w.net.Chain().Ledger(seq)
		if err != nil {
			w.t.Fatal(err)
		}
		raw, err := meta.MarshalBinary()
		if err != nil {
			w.t.Fatal(err)
		}
		stream.Write(binary.BigEndian.AppendUint32(nil, 1<<31|uint32(len(raw))))
		stream.Write(raw)
		for _, e := range meta.TransactionEnvelopes() {
			envelope, err := e.MarshalBinary()
			if err != nil {
				w.t.Fatal(err)
			}
			inEnvelopes = inEnvelopes || bytes.Contains(envelope, sought)
		}
	}
	file = filepath.Join(w.t.TempDir(), "ledgers.xdr")
	if err := os.WriteFile(file, stream.Bytes(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file, inEnvelopes
}

// week is how many ledgers nodes keep.
const week = 7 * day / ledger.CloseSeconds

// foundTerms are what `escrowctl contract terms` finds.
func (w *live) foundTerms(id escrow.ID, args ...string) (escrow.Terms, error) {
	w.t.Helper()
	var out bytes.Buffer
	args = append([]string{"contract", "terms", id.String(), "--contract", w.contract.String(), "--passphrase", w.net.Passphrase()}, args...)
	if err := ctl.Run(w.t.Context(), args, &out); err != nil {
		return escrow.Terms{}, err
	}
	var got struct {
		Terms escrow.Terms `json:"terms"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		w.t.Fatalf("%v in %s", err, &out)
	}
	return got.Terms, nil
}

// TestTermsLostEverywhere is the drill: the store is gone, and nodes keep no ledger of the trade any more. Its terms are found in ledger files, without api, store or
// node, and move the money. So are those of a trade whose terms stand in no envelope, since a contract has opened it (docs/contract-attacks.md D7).
func TestTermsLostEverywhere(t *testing.T) {
	w := newLive(t, localnet.Options{}, "buyer", "seller", "carol")
	stop := w.follow()
	code, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		t.Fatal(err)
	}
	agent := w.create(code, 1) // what it does in a transfer, it does as itself
	plain, hidden := w.terms(), w.terms()
	plain.Salt, hidden.Salt, hidden.Seller = escrow.Hash(random32()), escrow.Hash(random32()), escrow.Address(agent.String())

	first := w.latest() + 1
	w.funded(plain)
	plainFile, inEnvelopes := w.recordedLedgers(first, w.latest(), plain.Salt[:])
	if !inEnvelopes {
		t.Error("the envelopes of an ordinary trade hold its terms")
	}
	value, err := stellar.EncodeTerms(hidden)
	if err != nil {
		t.Fatal(err)
	}
	w.tell("operator", agent, "mode", onchain.Variant("Reenter", w.contract.ScVal(), scval.Symbol("open"), scval.Vec(value, scval.U32(uint32(escrow.Seller)))))
	opening := w.latest() + 1
	w.tell("operator", agent, "transfer", w.address("operator").ScVal(), w.address("operator").ScVal(), scval.I128(0))
	hiddenFile, inEnvelopes := w.recordedLedgers(opening, w.latest(), hidden.Salt[:])
	if inEnvelopes {
		t.Fatal("an envelope holds the terms that a contract was to pass on")
	}
	w.act("buyer", escrow.CallFund{Terms: hidden})

	// All is lost: the store, and whatever a node keeps, which is a week.
	stop()
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(w.stored); err != nil {
		t.Fatal(err)
	}
	w.reach(plain.Milestones[0].DeliverBy)
	old, err := weather.New(w.net.Handler(), weather.Config{Keep: week})
	if err != nil {
		t.Fatal(err)
	}
	node := httptest.NewServer(old)
	defer node.Close()

	for _, lost := range []struct {
		name  string
		terms escrow.Terms
		file  string
	}{{"plain", plain, plainFile}, {"hidden", hidden, hiddenFile}} {
		id := w.id(lost.terms)
		if _, err := w.foundTerms(id, "--rpc", node.URL); err == nil || !strings.Contains(err.Error(), "no such trade was opened there") {
			t.Errorf("%s: a node still tells of it: %v", lost.name, err)
		}
		found, err := w.foundTerms(id, "--ledgers", lost.file)
		if err != nil {
			t.Fatalf("%s: %v", lost.name, err)
		}
		if diff := cmp.Diff(lost.terms, found, cmp.AllowUnexported(amount.Int128{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-opened +found):\n%s", lost.name, diff)
		}
		// Anybody settles with what was found, by a node alone.
		held := w.has(w.asset, w.address("buyer"))
		s := &deploy.Sender{Client: w.node, Key: w.keys["carol"], InclusionFee: stellar.MinInclusionFee}
		if _, err := s.Call(t.Context(), w.contract, escrow.CallSettle{Terms: found, Milestones: []uint32{0, 1}, Push: true}, stellar.State{}); err != nil {
			t.Fatalf("%s: %v", lost.name, err)
		}
		w.isAmount(lost.name+": the buyer gets", w.has(w.asset, w.address("buyer")).Minus(held), 100*usdc)
	}
	w.isAmount("owed", w.owed(w.asset), 0)
}
