package deploy_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

const send = "sendTransaction"

func TestDeployDoesEachThingOnce(t *testing.T) {
	w := newWorld(t)
	before := w.account(w.key.Address())
	p := w.plan()
	first, err := w.try(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"uploaded the rulebook's code", "created the rulebook", "uploaded the contract's code", "created the contract"}; !slices.Equal(first.Did, want) || w.sent(before.SeqNum) != 4 {
		t.Errorf("it did %q with %d transactions, want %q", first.Did, w.sent(before.SeqNum), want)
	}
	if gone := int64(before.Balance - w.account(w.key.Address()).Balance); first.Fee != gone || gone == 0 {
		t.Errorf("it says fees of %d stroops, %d are gone", first.Fee, gone)
	}
	again, err := w.try(t.Context(), p)
	if err != nil || again.Contract != first.Contract || len(again.Did) != 0 || again.Fee != 0 {
		t.Errorf("repeated: %+v, %v", again, err)
	}
	p.Salt = [32]byte{1}
	other, err := w.try(t.Context(), p)
	if err != nil || other.Contract == first.Contract || !slices.Equal(other.Did, []string{"created the contract"}) {
		t.Errorf("another salt: %+v, %v", other, err)
	}
	if n := w.sent(before.SeqNum); n != 5 {
		t.Errorf("%d transactions in all, want 5", n)
	}
}

// TestDeployRefuses has everything that is wrong before anything is sent: it must cost nothing.
func TestDeployRefuses(t *testing.T) {
	w := newWorld(t)
	deployed, err := w.try(t.Context(), w.plan())
	if err != nil {
		t.Fatal(err)
	}
	_, issuer, _ := w.network.USDC()
	stranger := keypair.MustRandom()
	for _, c := range []struct {
		name string
		bad  func(*deploy.Sender, *deploy.Plan)
		is   error
		want string
	}{
		{"the hash of other code", func(_ *deploy.Sender, p *deploy.Plan) { p.CodeHash[0] ^= 1 }, nil, "nothing was sent"},
		{"code cut short", func(_ *deploy.Sender, p *deploy.Plan) { p.Code = p.Code[:len(p.Code)-1] }, nil, "the code has the hash "},
		{"code that is none", func(_ *deploy.Sender, p *deploy.Plan) {
			p.Code = []byte("no code")
			p.CodeHash = stellar.WasmHash(p.Code)
		}, deploy.ErrFailed, "upload the code"},
		{"a node of another network", func(s *deploy.Sender, _ *deploy.Plan) { s.Client = w.client("Another Network ; 2026") }, rpc.ErrWrongNetwork, w.network.Passphrase()},
		{"an asset where nothing stands", func(_ *deploy.Sender, p *deploy.Plan) { p.Asset.Key[0] ^= 1 }, deploy.ErrNoAsset, "does not exist yet"},
		{"an asset that is an account", func(_ *deploy.Sender, p *deploy.Plan) { p.Asset = w.address(issuer) }, nil, "does not answer as a token"},
		{"an asset that is another contract", func(_ *deploy.Sender, p *deploy.Plan) { p.Asset = deployed.Contract }, deploy.ErrFailed, "does not answer as a token"},
		{"a sender whose account does not exist", func(s *deploy.Sender, _ *deploy.Plan) { s.Key = stranger }, deploy.ErrNoAccount, "fund it first"},
		{"a fee above what the contract allows", func(_ *deploy.Sender, p *deploy.Plan) { p.FeeBps = 101 }, deploy.ErrPlan, "100"},
		{"fees for the contract itself", func(s *deploy.Sender, p *deploy.Plan) {
			p.FeeReceiver, err = stellar.ContractID(s.Client.Network(), w.address(w.key.Address()), p.Salt)
			if err != nil {
				t.Fatal(err)
			}
		}, deploy.ErrPlan, "receiver"},
		{"fees for the asset", func(_ *deploy.Sender, p *deploy.Plan) { p.FeeReceiver = p.Asset }, deploy.ErrPlan, "no fee can be paid"},
		{"trades for ever", func(_ *deploy.Sender, p *deploy.Plan) { p.Limits.LongestLife = 1 << 40 }, deploy.ErrPlan, "more than five years"},
		{"a window without end", func(_ *deploy.Sender, p *deploy.Plan) { p.Limits.RulingMin = p.Limits.RulingMax + 1 }, deploy.ErrPlan, "minimum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.wire.during(nil)
			s, p := w.sender(), w.plan()
			p.Salt = [32]byte{7} // nothing stands at that address
			c.bad(s, &p)
			_, err := deploy.Deploy(t.Context(), s, p)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %v and %q", err, c.is, c.want)
			}
			if n := w.wire.count(send); n != 0 {
				t.Errorf("%d transactions were sent", n)
			}
		})
	}
}

// TestDeployWithoutMoney has an account that exists and cannot pay: the network says so, and takes nothing.
func TestDeployWithoutMoney(t *testing.T) {
	w := newWorld(t)
	k := w.poor("2")
	s := w.sender()
	s.Key = k
	before := w.account(k.Address()).Balance
	_, err := deploy.Deploy(t.Context(), s, w.plan())
	if !errors.Is(err, deploy.ErrFailed) || !strings.Contains(err.Error(), "upload the code") || !strings.Contains(err.Error(), "TxInsufficientBalance") {
		t.Errorf("got %v, want to read what is wrong with the account", err)
	}
	if after := w.account(k.Address()).Balance; after != before {
		t.Errorf("%d stroops are gone", before-after)
	}
}

// TestLostAnswersDeployOnce loses answers about a transaction that the node has taken.
func TestLostAnswersDeployOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		forgets bool
		lose    func(method string, nth int) bool
	}{
		{"of the upload", false, func(m string, nth int) bool { return m == send && nth == 1 }},
		{"of the creation", false, func(m string, nth int) bool { return m == send && nth == 2 }},
		{"of the creation, twice in a row", false, func(m string, nth int) bool { return m == send && (nth == 2 || nth == 3) }},
		{"of every second question what became of it", false, func(m string, nth int) bool { return m == "getTransaction" && nth%2 == 1 }},
		{"of the creation, by a node that then calls its number used", true, func(m string, nth int) bool { return m == send && nth == 2 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			before := w.account(w.key.Address()).SeqNum
			w.wire.during(c.lose)
			w.wire.forgets = c.forgets
			d, err := w.try(t.Context(), w.plan())
			if err != nil {
				t.Fatal(err)
			}
			if n := w.sent(before); n != 4 || len(d.Did) != 4 {
				t.Errorf("%d transactions were included, it did %q", n, d.Did)
			}
		})
	}
}

// TestGivenUpDeployGoesOnWhereItStood ends the wait at the worst moment, when nobody knows whether the creation will be included, and
// deploys again.
func TestGivenUpDeployGoesOnWhereItStood(t *testing.T) {
	w := newWorld(t)
	before := w.account(w.key.Address()).SeqNum
	ctx, stop := context.WithCancel(t.Context())
	w.wire.during(func(m string, nth int) bool {
		if m == send && nth == 4 {
			stop()
			return true
		}
		return false
	})
	if d, err := w.try(ctx, w.plan()); !errors.Is(err, context.Canceled) {
		t.Fatalf("given up: %+v, %v", d, err)
	}
	w.wire.during(nil)
	d, err := w.try(t.Context(), w.plan())
	if err != nil {
		t.Fatal(err)
	}
	// Whether the one that was given up had left is a matter of moments. Either way the contract was created once; a second try that came too late has failed.
	if n := w.sent(before); n < 4 || n > 5 || len(d.Did) > 1 || len(d.Did) == 1 && d.Did[0] != "created the contract" {
		t.Errorf("%d transactions were included, the second time it did %q", n, d.Did)
	}
}

// TestRefusalAfterALostAnswerCounts: that an answer was lost does not make a refused transaction a success.
func TestRefusalAfterALostAnswerCounts(t *testing.T) {
	w := newWorld(t)
	s := w.sender()
	s.Key = w.poor("2")
	w.wire.during(func(m string, nth int) bool { return m == send && nth == 1 })
	if _, err := deploy.Deploy(t.Context(), s, w.plan()); !errors.Is(err, deploy.ErrFailed) {
		t.Errorf("got %v", err)
	}
	if n := w.wire.count(send); n != 2 {
		t.Errorf("it was handed over %d times", n)
	}
}
