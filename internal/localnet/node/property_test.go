package node_test

import (
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"
	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// Whatever people do, and whether or not it succeeds: no stroop of lumens or USDC appears or vanishes, the account entries stay
// within their rules, and the published metas alone give the same state again.
func TestMoneyIsConserved(t *testing.T) {
	w := newWorld(t, node.Options{})
	m := &money{world: w, people: []*keypair.Full{w.holder(1000), w.holder(1000), w.holder(0), w.account()}, issued: 2000}
	m.probe = w.probe(m.people[3])
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 6).Draw(rt, "actions") {
			m.act(rt)
			m.check(rt)
		}
	})
	if m.failed == 0 || m.succeeded == 0 || m.refused == 0 {
		t.Errorf("%d transactions succeeded, %d failed, %d were refused: some kind never happened", m.succeeded, m.failed, m.refused)
	}
	t.Logf("%d transactions succeeded, %d failed, %d were refused; %d ledgers", m.succeeded, m.failed, m.refused, w.Chain().Last().Sequence())

	replayed := w.replay()
	if got, want := hashOf(replayed), hashOf(w.all()); got != want {
		t.Errorf("the metas give another state: %d entries, want %d", len(replayed), len(w.all()))
	}
}

type money struct {
	*world
	people                     []*keypair.Full
	probe                      xdr.ScAddress
	issued                     int64
	succeeded, failed, refused int
}

// replay adds up the metas of all ledgers.
func (w *world) replay() map[ledger.Key][]byte {
	w.t.Helper()
	_, state := ledger.Genesis(w.Passphrase(), uint32(w.Chain().Last().Header.LedgerVersion))
	for meta, err := range w.Chain().Ledgers(ledger.FirstLedger, w.Chain().Last().Sequence()) {
		if err != nil {
			w.t.Fatal(err)
		}
		for k, e := range ledger.Changes(ledger.Entries(state), meta) {
			if state[k] = e; e == nil {
				delete(state, k)
			}
		}
	}
	return state
}

func (m *money) act(t *rapid.T) {
	from := rapid.SampledFrom(m.people).Draw(t, "from")
	to := rapid.SampledFrom(append(m.people, m.Issuer())).Draw(t, "to")
	stroops := rapid.OneOf(rapid.Int64Range(1, 20), rapid.Int64Range(1, 1<<62), rapid.Just(int64(0))).Draw(t, "stroops")
	text := amount.StringFromInt64(stroops)
	_, _, contract := m.USDC()
	transfer := scval.Call(scval.MustContract(contract), "transfer", scval.Address(accountAddress(from)), scval.Address(accountAddress(to)), scval.I128(stroops))
	var burnt int64
	if to == m.Issuer() {
		burnt = stroops
	}
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		m.submit(from, &txnbuild.Payment{Destination: to.Address(), Amount: text, Asset: txnbuild.NativeAsset{}}, 0)
	case 1:
		m.submit(from, &txnbuild.Payment{Destination: to.Address(), Amount: text, Asset: m.asset()}, -burnt)
	case 2:
		m.submit(m.Issuer(), &txnbuild.Payment{Destination: from.Address(), Amount: text, Asset: m.asset()}, stroops)
	case 3:
		m.submit(from, &txnbuild.CreateAccount{Destination: keypair.MustRandom().Address(), Amount: text}, 0)
	case 4:
		m.try(from, transfer, -burnt)
	case 5:
		m.try(from, scval.Call(m.probe, "keep", scval.U32(uint32(stroops%5)), scval.Bytes(make([]byte, stroops%900))), 0)
	case 6:
		limit := rapid.SampledFrom([]string{"0", "0.0001", "922337203685.4775807"}).Draw(t, "limit")
		m.submit(from, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: m.asset()}, Limit: limit}, 0)
	case 7:
		op := &txnbuild.SetTrustLineFlags{Trustor: from.Address(), Asset: m.asset()}
		if flags := []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}; rapid.Bool().Draw(t, "frozen") {
			op.ClearFlags = flags
		} else {
			op.SetFlags = flags
		}
		m.submit(m.Issuer(), op, 0)
	case 8:
		m.advance(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "seconds")) * time.Second)
	}
}

func (m *money) submit(source *keypair.Full, op txnbuild.Operation, issues int64) {
	tx, err := txnbuild.NewTransaction(m.params(source, op))
	if err != nil { // the SDK refuses it before we can
		m.refused++
		return
	}
	if tx, err = tx.Sign(m.Passphrase(), source); err != nil {
		m.t.Fatal(err)
	}
	m.count(tx.ToXDR(), issues)
}

func (m *money) count(e xdr.TransactionEnvelope, issues int64) {
	r, applied := m.result(e)
	switch {
	case !applied:
		m.refused++
	case r.Successful():
		m.succeeded++
		m.issued += issues
	default:
		m.failed++
	}
}

// try submits a contract call even if its simulation fails, with resources that would do for a good one.
func (m *money) try(source *keypair.Full, fn xdr.HostFunction, issues int64) {
	if e, ok := m.simulated(source, fn); ok {
		m.count(e, issues)
		return
	}
	m.count(m.doomed(source, m.probe, "refuse", 0), 0)
}

func (m *money) check(t *rapid.T) {
	var lumens, usdc int64
	counted := map[string]int{}
	for _, raw := range m.all() {
		switch d := ledger.Decode(raw).Data; d.Type {
		case xdr.LedgerEntryTypeAccount:
			lumens += int64(d.Account.Balance)
			counted[d.Account.AccountId.Address()] -= int(d.Account.NumSubEntries)
			if d.Account.Balance < 0 {
				t.Errorf("account %s has %d stroops", d.Account.AccountId.Address(), d.Account.Balance)
			}
		case xdr.LedgerEntryTypeTrustline:
			usdc += int64(d.TrustLine.Balance)
			counted[d.TrustLine.AccountId.Address()]++
			if d.TrustLine.Balance < 0 || d.TrustLine.Balance > d.TrustLine.Limit {
				t.Errorf("trustline of %s has %d, limit %d", d.TrustLine.AccountId.Address(), d.TrustLine.Balance, d.TrustLine.Limit)
			}
		}
	}
	h := m.Chain().Last().Header
	if got := lumens + int64(h.FeePool); got != ledger.TotalCoins || int64(h.TotalCoins) != got {
		t.Errorf("lumens in accounts and in the fee pool: %d, want %d", got, int64(ledger.TotalCoins))
	}
	if usdc != m.issued {
		t.Errorf("USDC held: %d, issued: %d", usdc, m.issued)
	}
	for who, n := range counted {
		if n != 0 {
			t.Errorf("account %s counts %d subentries too few", who, n)
		}
	}
}
