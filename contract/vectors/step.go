package vectors

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rawStep is a step as written.
type rawStep struct {
	Note    string          `json:"note"`
	At      *Time           `json:"at"`
	As      string          `json:"as"`
	Call    string          `json:"call"`
	Trade   string          `json:"trade"`
	Args    json.RawMessage `json:"args"`
	Deposit Amount          `json:"deposit"`
	Expect  string          `json:"expect"`
	Returns any             `json:"returns"`

	World  string  `json:"world"`
	Actor  string  `json:"actor"`
	On     *bool   `json:"on"`
	Amount Amount  `json:"amount"`
	Bps    *uint32 `json:"bps"`

	Balances map[string]Amount `json:"balances"`
	Owed     *Owed             `json:"owed"`
	Events   [][]any           `json:"events"`
}

func (p *parser) step(data []byte, before Time) Step {
	var r rawStep
	if err := strict(data, &r); err != nil {
		p.problem("%w", err)
		return Step{At: before}
	}
	st := Step{
		Note: r.Note, At: *or(r.At, &before),
		Want: Want{Answer: r.Expect, Returns: r.Returns, Balances: r.Balances, Owed: r.Owed, Events: r.Events},
	}
	for _, a := range slices.Sorted(maps.Keys(r.Balances)) {
		if a != Contract {
			p.actor("balances", a)
		}
	}
	switch {
	case (r.Call == "") == (r.World == ""):
		p.problem("a step is either a call or an act of the world")
	case r.World != "":
		st.World = p.world(r)
	default:
		st.Call = p.call(r)
		p.events(r.Events)
	}
	return st
}

func (p *parser) world(r rawStep) *World {
	if r.As != "" || r.Trade != "" || r.Args != nil || r.Deposit != "" || r.Expect != "" || r.Returns != nil || r.Owed != nil || r.Events != nil {
		p.problem("an act of the world has no fields of a call, and changes neither owed nor events")
	}
	needs := map[string][]string{
		"block": {"actor", "on"}, "freeze": {"on"}, "tax": {"bps"}, "seize": {"actor", "amount"}, "mint": {"actor", "amount"},
	}
	fields, ok := needs[r.World]
	if !ok {
		p.problem("world %q: there are only block, freeze, tax, seize and mint", r.World)
		return &World{}
	}
	given := map[string]bool{"actor": r.Actor != "", "on": r.On != nil, "bps": r.Bps != nil, "amount": r.Amount != ""}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] != slices.Contains(fields, name) {
			p.problem("world %s takes %s: look at %s", r.World, strings.Join(fields, " and "), name)
		}
	}
	if r.Actor != "" && r.Actor != Contract {
		p.actor("actor", r.Actor)
	}
	return &World{Act: r.World, Actor: r.Actor, On: *or(r.On, new(false)), Bps: *or(r.Bps, new(uint32(0))), Amount: r.Amount}
}

// function says how a function is called in a story.
type function struct {
	trade bool // it takes terms, or the id
	args  []string
}

var functions = map[string]function{
	"open":          {true, []string{"by"}},
	"accept":        {true, nil},
	"fund":          {true, nil},
	"cancel":        {true, []string{"by", "push"}},
	"deliver":       {true, []string{"milestone", "proof"}},
	"release":       {true, []string{"milestone", "amount"}},
	"refund":        {true, []string{"milestone", "amount"}},
	"settle":        {true, []string{"milestones", "push"}},
	"dispute":       {true, []string{"by", "milestone", "reason"}},
	"offer":         {true, []string{"by", "milestone", "of", "seller_amount"}},
	"accept_offer":  {true, []string{"by", "milestone", "of", "seller_amount"}},
	"evidence":      {true, []string{"by", "milestone", "hash"}},
	"rule":          {true, []string{"by", "rulings", "hash"}},
	"appeal":        {true, []string{"by", "milestone"}},
	"claim":         {true, []string{"role", "to", "amount"}},
	"extend":        {true, nil},
	"trade":         {true, nil},
	"config":        {false, nil},
	"owed":          {false, nil},
	"collect":       {false, []string{"asset"}},
	"propose_fee":   {false, []string{"bps", "receiver"}},
	"cancel_fee":    {false, nil},
	"pause":         {false, nil},
	"unpause":       {false, nil},
	"propose_admin": {false, []string{"to"}},
	"accept_admin":  {false, nil},
	"set_anchor":    {false, []string{"key"}},
	"anchor":        {false, []string{"seq", "hash"}},
	"deploy":        {false, []string{"fee_bps", "fee_receiver", "limits"}},
}

func (p *parser) call(r rawStep) *Call {
	c := &Call{As: r.As, Name: r.Call, Trade: r.Trade, Deposit: r.Deposit, Args: Args{Deploy: p.story.Platform, FeeReceiver: Receiver}}
	if r.Actor != "" || r.On != nil || r.Bps != nil || r.Amount != "" {
		p.problem("a call has no fields of the world; arguments stand in args")
	}
	if r.As != Nobody {
		p.actor("as", r.As)
	} else if r.Deposit != "" {
		p.problem("nobody signs a deposit")
	}
	f, ok := functions[r.Call]
	if !ok {
		p.problem("there is no function %q", r.Call)
		return c
	}
	if f.trade != (r.Trade != "") {
		p.problem("%s: a trade is named, and should not be, or should be, and is not", r.Call)
	}
	if r.Trade != "" {
		t, ok := p.story.Terms[r.Trade]
		if !ok {
			p.problem("there are no terms %q", r.Trade)
		}
		c.Terms = &t
	}
	p.args(c, f.args, r.Args)
	p.answer(r)
	return c
}

// args decodes the arguments, which must be exactly those of the function; deploy's may be left out.
func (p *parser) args(c *Call, names []string, data []byte) {
	if data == nil {
		data = []byte("{}")
	}
	if c.Name == "deploy" {
		given := struct {
			*Platform
			FeeReceiver *string `json:"fee_receiver"`
		}{&c.Args.Deploy, &c.Args.FeeReceiver}
		if err := strict(data, &given); err != nil {
			p.problem("args: %w", err)
		}
		p.address("fee_receiver", c.Args.FeeReceiver)
		return
	}
	var given map[string]json.RawMessage
	if err := strict(data, &given); err != nil {
		p.problem("args: %w", err)
		return
	}
	if want, got := slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(given)); !slices.Equal(want, got) {
		p.problem("args of %s: got %v, want %v", c.Name, got, want)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name != "by" && string(given[name]) == "null" {
			p.problem("%s is null: leave out what a function does not take, and say what it does", name)
		}
	}
	if err := strict(data, &c.Args); err != nil {
		p.problem("args: %w", err)
	}
	if slices.Contains(names, "by") && c.Args.By == nil && c.Name != "cancel" {
		p.problem("by is null: only cancel takes that")
	}
	for field, name := range map[string]string{"to": c.Args.To, "asset": c.Args.Asset, "receiver": c.Args.Receiver, "key": c.Args.Key} {
		if name != "" {
			p.address(field, name)
		}
	}
}

// codes are the page's errors.
var codes = strings.Fields(`NotFound AlreadyOpened NotParty WrongStage NotDue NoSuchMilestone AmountOutOfRange PartInDispute LeftChanged NoOffer
NotArbitrator AlreadyVoted EmptyList DepositNotReceived Shortage TransferFailed NothingToCollect ForbiddenTarget Paused SameRole ForbiddenRole
MilestoneCount BadAmount BadBond BadArbitrationFee TotalTooLarge PanelSize BadQuorum AppealWithoutPanel BadPpm FeeMismatch FundByPast
DeliverByTooNear BadInspection BadOffersWindow BadRulingWindow BadAppealWindow LifeTooLong FeeAboveCap BadLimits NoPendingFee NoPendingAdmin
NoAnchorKey AnchorNotNewer ForbiddenReceiver`)

func (p *parser) answer(r rawStep) {
	switch {
	case r.Expect == OK:
	case r.Expect != Unauthorized && !slices.Contains(codes, r.Expect):
		p.problem("expect %q is neither ok, unauthorized nor the name of an error", r.Expect)
	case r.Balances != nil || r.Owed != nil || r.Events != nil || r.Returns != nil:
		p.problem("a refused call changes nothing and returns nothing")
	}
	if r.Owed != nil && (r.Owed.Total == "" || r.Owed.Fees == "") {
		p.problem("owed has a total and fees: one of them is missing")
	}
}

// fields are the kinds of the data of each event, in order. A kind with ? may be null.
var fields = map[string]string{
	"opened":         "number terms",
	"accepted":       "number",
	"funded":         "number amount",
	"cancelled":      "number? number",
	"delivered":      "number hash time",
	"released":       "number amount amount amount bool",
	"refunded":       "number amount amount bool",
	"disputed":       "number number hash amount bool number",
	"offered":        "number number amount amount? amount",
	"split":          "number number amount amount amount",
	"evidence":       "number number hash number",
	"voted":          "number number number hash number",
	"ruled":          "number number number",
	"appealed":       "number number amount number",
	"settled":        "number number amount amount amount",
	"silent":         "number numbers",
	"costs":          "number amount amount amount amount",
	"ended":          "amount amount",
	"parked":         "number amount amount",
	"claimed":        "number address amount amount",
	"collected":      "address amount",
	"fee_proposed":   "number address number address time",
	"fee_cancelled":  "number address",
	"paused":         "bool bool",
	"admin_proposed": "address address",
	"admin_changed":  "address address",
	"anchor_set":     "address? address",
	"anchored":       "number number hash",
}

func (p *parser) events(events [][]any) {
	for i, e := range events {
		if len(e) == 0 {
			p.problem("event %d is empty", i)
			continue
		}
		name, _ := e[0].(string)
		kinds, ok := fields[name]
		if !ok {
			p.problem("event %d: there is no event %v", i, e[0])
			continue
		}
		want := strings.Fields(kinds)
		if len(want) != len(e)-1 {
			p.problem("event %d: %s has %d fields, not %d", i, name, len(want), len(e)-1)
			continue
		}
		for k, kind := range want {
			if err := p.kind(kind, e[k+1]); err != nil {
				p.problem("event %d: %s, field %d: %w", i, name, k, err)
			}
		}
	}
}

func (p *parser) kind(kind string, v any) error {
	kind, null := strings.CutSuffix(kind, "?")
	if null && v == nil {
		return nil
	}
	text, isText := v.(string)
	ok := false
	switch kind {
	case "number":
		_, ok = v.(json.Number)
	case "numbers":
		ok = isNumbers(v)
	case "bool":
		_, ok = v.(bool)
	case "amount":
		ok = isText && new(Amount).UnmarshalJSON([]byte(show(text))) == nil
	case "hash":
		_, ok = hashNamed(text)
	case "time":
		_, err := expected(text, 0)
		ok = strings.HasPrefix(text, "+") && err == nil
	case "address":
		ok = text == Contract || text == Token || slices.Contains(p.story.Actors, text)
	case "terms":
		name, cut := strings.CutPrefix(text, "terms:")
		_, found := p.story.Terms[name]
		ok = cut && found
	}
	if !ok {
		return fmt.Errorf("%s is no %s", show(v), kind)
	}
	return nil
}

func isNumbers(v any) bool {
	list, ok := v.([]any)
	for _, e := range list {
		if _, number := e.(json.Number); !number {
			return false
		}
	}
	return ok
}
