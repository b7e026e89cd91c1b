package lockstep

import (
	"errors"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
)

// pair is a contract and its model, side by side. Where a method answers a *difference, the two are no longer alike.
type pair struct {
	*plan
	*stories.Names
	site  *site
	model *escrow.Contract
	bank  *bank
	ids   map[escrow.Hash]escrow.ID // by salt: each trade has one of its own
	// taken tells in which assets somebody has made us short from outside: the issuer, or a token that pays and says that it did not.
	taken map[string]bool
	told  []told
	flaw  flaw
	// latest is the second of the last step: what was only simulated closed no ledger.
	latest int64
	*tally
}

// told is a step as it was done, and what the model said of it: a line of a story.
type told struct {
	step
	want  answer
	after map[[2]string]amount.Int128 // by token and name
	owed  escrow.Owed                 // of the fixture token
	note  string
}

// answer is what a call gave, on either side.
type answer struct {
	code    string
	returns any
	events  [][]any // each its name, then its data
}

// flaw breaks the model on purpose, for tests of the tests.
type flaw struct {
	late        uint64 // seconds by which its clock is ahead
	alwaysPaid  bool   // no payout is parked
	seesNothing bool   // no events
}

// difference is what the two do not do alike, or what never may be.
type difference struct {
	step int
	what string
}

func (d *difference) Error() string { return fmt.Sprintf("step %d: %s", d.step, d.what) }

func newPair(n *network, p *plan, f flaw, t *tally) (*pair, error) {
	s, err := n.newSite(p)
	if err != nil {
		return nil, err
	}
	w := &pair{plan: p, site: s, taken: map[string]bool{}, ids: map[escrow.Hash]escrow.ID{}, flaw: f, tally: t}
	w.Names = stories.NewNames(s.start, func(t escrow.Terms) (escrow.ID, error) { return stellar.TermsID(n.name, s.contract, t) })
	for _, who := range append(people(), vectors.Contract, vectors.Token, coin) {
		w.Called(who, escrow.Address(s.address(who).String()))
	}
	for _, name := range p.trades {
		if err := w.know(name); err != nil {
			return nil, err
		}
	}
	us := w.Address[vectors.Contract]
	token := &fixture{held: map[escrow.Address]amount.Int128{}, blocked: map[escrow.Address]bool{}}
	coins := &classic{lines: map[escrow.Address]line{us: {limit: amount.MaxInt128()}}}
	for _, who := range lined() {
		coins.lines[w.Address[who]] = line{limit: noLimit}
		if isContract(who) {
			coins.lines[w.Address[who]] = line{limit: amount.MaxInt128()}
		}
	}
	for _, who := range traders {
		token.mint(w.Address[who], p.purse)
		coins.change(w.Address[who], p.purse)
	}
	w.bank = &bank{us: us, purses: map[escrow.Address]purse{w.Address[vectors.Token]: token, w.Address[coin]: coins}}
	w.model, err = escrow.New(us, w.Address[vectors.Admin], p.feeBps, w.Address[vectors.Receiver], escrow.Limits(limits()))
	return w, err
}

// know takes in the terms of one of the plan's trades.
func (w *pair) know(name string) error {
	if err := w.Open(name, w.plan.terms[name]); err != nil {
		return err
	}
	id, err := stellar.TermsID(w.site.name, w.site.contract, w.Terms[name])
	w.ids[w.Terms[name].Salt] = id
	return err
}

func (w *pair) fixture() *fixture { return w.bank.purses[w.Address[vectors.Token]].(*fixture) }
func (w *pair) coins() *classic   { return w.bank.purses[w.Address[coin]].(*classic) }

// soonest is the second that the next ledger can close in at the soonest.
func (w *pair) soonest() int64 {
	return max(int64(w.site.now()+1)-int64(w.site.start), w.latest)
}

// do does a step on both sides and compares. A step that would come before the ledger's next second comes then; an act that the bank finds impossible is none.
func (w *pair) do(st step) error {
	st.at = max(st.at, w.soonest())
	line := told{step: st, after: map[[2]string]amount.Int128{}}
	var err error
	switch {
	case st.act != nil && !w.possible(st.act):
		return nil
	case st.act != nil:
		err = w.world(&line)
	default:
		err = w.call(&line)
	}
	if err == nil {
		err = w.alike(&line)
	}
	if d := (*difference)(nil); errors.As(err, &d) {
		line.note = d.what
	}
	w.told = append(w.told, line)
	w.latest = line.at
	return err
}

func (w *pair) differ(format string, args ...any) error {
	return &difference{len(w.told), fmt.Sprintf(format, args...)}
}

// ready lets the next ledger close at the step's second.
func (w *pair) ready(line *told) error {
	line.at = max(line.at, w.soonest())
	return w.site.at(w.site.start + uint64(line.at))
}

func (w *pair) world(line *told) error {
	a := line.act
	if err := w.ready(line); err != nil {
		return err
	}
	if err := w.site.act(a); err != nil {
		return fmt.Errorf("%s %s: %w", a.kind, a.actor, err)
	}
	w.happened("act " + a.kind + a.mode)
	w.tell(a)
	return nil
}

// call makes a call of the contract on both sides.
func (w *pair) call(line *told) error {
	c := line.call
	call, err := w.Call(c)
	if err != nil {
		return err
	}
	var got ending
	for try := 0; ; try++ {
		if err := w.ready(line); err != nil {
			return err
		}
		if got, err = w.invoke(c, call); err == nil {
			break
		} else if !errors.Is(err, errAgain) || try == 3 {
			return fmt.Errorf("%s by %s: %w", c.Name, c.As, err)
		}
		line.at++
	}
	if w.site.restored > 0 {
		w.happened("restored")
		w.site.restored = 0
	}
	now := w.site.now()
	if got.simulated {
		now = uint64(w.site.clock.Load()) // it closed no ledger
	}
	line.at = int64(now) - int64(w.site.start)
	before, existed := w.model.Trades[w.ids[w.Terms[c.Trade].Salt]]
	want, next := w.expect(c, call, now)
	line.want = want
	w.count(c, want)
	is, err := w.read(c, got)
	if err != nil {
		return w.differ("%s by %s: %v", c.Name, c.As, err)
	}
	if is.code != want.code {
		return w.differ("%s by %s: the contract says %s (%s), the model %s", c.Name, c.As, is.code, got.text, want.code)
	}
	if !same(is.returns, want.returns) {
		return w.differ("%s by %s: the contract returns %s, the model %s", c.Name, c.As, show(is.returns), show(want.returns))
	}
	if !same(is.events, want.events) {
		return w.differ("%s by %s: the contract writes %s, the model %s", c.Name, c.As, show(is.events), show(want.events))
	}
	if existed && want.code != vectors.OK && w.mustWork(c, &before, now) {
		return w.differ("a dead end: %s by nobody is refused with %s", c.Name, want.code)
	}
	if want.code == vectors.OK {
		w.model, w.bank = next.model, next.bank
		w.settled(c, &before, now)
		if existed && before.Stage >= escrow.StageEnded && c.Trade != "" && c.Name != "claim" && c.Name != "extend" {
			return w.differ("%s by %s: accepted by a trade that is %s", c.Name, c.As, before.Stage)
		}
	}
	return nil
}

// sides is the model with its bank.
type sides struct {
	model *escrow.Contract
	bank  *bank
}

// expect is what the model makes of a call, on copies.
func (w *pair) expect(c *vectors.Call, call escrow.Call, now uint64) (answer, sides) {
	next := sides{w.model.Clone(), w.bank.clone()}
	next.bank.signed, next.bank.ended = nil, ""
	if c.Deposit != "" {
		x, err := stories.Units(c.Deposit)
		if err == nil {
			next.bank.signed = &x
		}
	}
	var token escrow.Token = next.bank
	if w.flaw.alwaysPaid {
		token = generous{next.bank}
	}
	result, err := next.model.Apply(escrow.Env{
		Now: now + w.flaw.late, Signed: func(a escrow.Address) bool { return c.As != vectors.Nobody && a == w.Address[c.As] },
		ID: func(t escrow.Terms) escrow.ID { return w.ids[t.Salt] }, Token: token,
	}, call)
	var code escrow.Code
	switch {
	case next.bank.ended != "":
		return answer{code: next.bank.ended}, sides{}
	case errors.Is(err, escrow.ErrUnauthorized):
		return answer{code: vectors.Unauthorized}, sides{}
	case errors.As(err, &code):
		return answer{code: code.String()}, sides{}
	case err != nil:
		return answer{code: err.Error()}, sides{}
	}
	out := answer{code: vectors.OK}
	switch call.(type) {
	case escrow.CallOpen:
		out.returns = w.Value(result.Trade)
	case escrow.CallCollect:
		out.returns = w.Value(result.Payouts[0].Amount)
	}
	if !w.flaw.seesNothing {
		for _, e := range result.Events {
			out.events = append(out.events, onchain.Event(w.Names, e))
		}
	}
	return out, next
}

// generous is a bank that says that it pays, always.
type generous struct{ *bank }

func (g generous) Pay(asset, to escrow.Address, x amount.Int128) bool {
	_ = g.bank.Pay(asset, to, x)
	return true
}

// invoke sends the call, signed as the step says.
func (w *pair) invoke(c *vectors.Call, call escrow.Call) (ending, error) {
	s := w.site
	args, err := stellar.EncodeCall(s.contract, call)
	if err != nil {
		return ending{}, err
	}
	token, roles := vectors.Token, []string{}
	var id *escrow.ID
	switch {
	case c.Trade != "":
		t := w.plan.terms[c.Trade]
		token, roles = t.Asset, slices.Concat([]string{t.Buyer, t.Seller}, t.Panel.Arbitrators, t.AppealPanel.Arbitrators)
		at := w.ids[w.Terms[c.Trade].Salt]
		id = &at
	case c.Args.Asset != "":
		token = c.Args.Asset
		receiver, _ := w.Value(w.model.Config.At(uint64(s.clock.Load())).FeeReceiver).(string)
		roles = []string{receiver}
	}
	if c.Args.To != "" && c.Name == "claim" {
		roles = append(roles, c.Args.To)
	}
	if token != coin {
		token = vectors.Token
	}
	roles = slices.DeleteFunc(roles, func(who string) bool { return s.keys[who] == nil })
	keys := s.known(token, id, roles)
	keys[ledger.KeyOf(stellar.InstanceKey(s.contract))] = c.Trade == "" // the admin's calls write it
	if c.As == vectors.Nobody {
		return s.invoke(s.keys[payer], args, nil, keys)
	}
	signer := s.address(c.As)
	tree := stellar.Tree{Signer: &signer, Call: args}
	if c.Deposit != "" {
		sum, err := stories.Units(c.Deposit)
		if err != nil {
			return ending{}, err
		}
		tree.Transfer = &stellar.Transfer{Asset: s.address(token), From: signer, To: s.contract, Amount: sum}
	}
	source, auth, err := s.authorise(c.As, tree, keys)
	if err != nil {
		return ending{}, err
	}
	return s.invoke(source, args, auth, keys)
}
