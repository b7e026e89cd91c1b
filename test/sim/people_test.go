package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// people play trades at random in a few contracts, doing what they may.
type people struct {
	*miner
	network   stellar.Network
	keys      []*keypair.Full // all; the first one is the admin
	byAddress map[string]*keypair.Full
	now       uint64
	token     stellar.Address
	places    []*place
	blocked   map[string]bool // who the token does not pay
}

// place is a deployed contract.
type place struct {
	address stellar.Address
	ledger  uint32 // that deployed it
	trades  []*played
}

// played is a trade that is going on.
type played struct {
	id    escrow.ID
	terms escrow.Terms
	at    *place
	ended bool
}

const (
	population = 12
	feeBps     = 50
	fortune    = 1_000_000_000_000
	atOnce     = 12 // trades that go on, at least
)

func newPeople(ctx context.Context, seed uint64) (*people, error) {
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	p := &people{network: network, byAddress: map[string]*keypair.Full{}, now: genesis, blocked: map[string]bool{}}
	for range population {
		raw := (&miner{rng: rng}).random32()
		k, err := keypair.FromRawSeed(raw)
		if err != nil {
			return nil, err
		}
		p.keys, p.byAddress[k.Address()] = append(p.keys, k), k
	}
	if p.miner, err = newMiner(ctx, rng, p.keys); err != nil {
		return nil, err
	}
	token, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		return nil, err
	}
	code, _, err := wasm.Escrow()
	if err != nil {
		return nil, err
	}
	rulebook, _, err := wasm.Rulebook()
	if err != nil {
		return nil, err
	}
	for _, w := range [][]byte{token, code, rulebook} {
		if err := p.must(ctx, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &w}); err != nil {
			return nil, err
		}
	}
	if p.token, err = p.deploy(ctx, stellar.WasmHash(token), nil); err != nil {
		return nil, err
	}
	for _, k := range p.keys {
		if err := p.tell(ctx, "mint", addressOf(k).ScVal(), units(fortune)); err != nil {
			return nil, err
		}
	}
	return p, p.found(ctx)
}

// found deploys one more contract.
func (p *people) found(ctx context.Context) error {
	code, _, err := wasm.Escrow()
	if err != nil {
		return err
	}
	asked, _, err := wasm.Rulebook()
	if err != nil {
		return err
	}
	rulebook, err := p.deploy(ctx, stellar.WasmHash(asked), nil)
	if err != nil {
		return err
	}
	admin := addressOf(p.keys[0])
	address, err := p.deploy(ctx, stellar.WasmHash(code), stellar.ConstructorArgs(admin, feeBps, admin, escrow.Limits{
		AppealMax: 1e6, AppealMin: 1, FeeDelay: 86_400, InspectionMax: 1e6, InspectionMin: 1, LongestLife: 1e7, MinDelivery: 1, OffersMax: 1e6, OffersMin: 1, RulingMax: 1e6, RulingMin: 1,
	}, rulebook))
	p.places = append(p.places, &place{address: address, ledger: p.Last.Sequence()})
	return err
}

func addressOf(k *keypair.Full) stellar.Address {
	a, err := stellar.ParseAddress(k.Address())
	if err != nil {
		panic(err) // a key's own
	}
	return a
}

func units(n int64) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Lo: xdr.Uint64(n)}}
}

// must makes a call of the admin's that has to succeed, in a ledger of its own.
func (p *people) must(ctx context.Context, f xdr.HostFunction) error {
	p.now += 5
	frame, err := p.try(ctx, p.now, p.keys[0], f)
	if err != nil {
		return err
	}
	if frame == nil {
		return fmt.Errorf("ledger %d: a call that has to succeed is refused", p.Last.Sequence()+1)
	}
	if n, err := p.close(ctx, p.now, frame); err != nil || n != 1 {
		return fmt.Errorf("ledger %d: a call that has to succeed: %d did, %w", p.Last.Sequence(), n, err)
	}
	return nil
}

func (p *people) deploy(ctx context.Context, code stellar.Hash, args []xdr.ScVal) (stellar.Address, error) {
	salt, hash := p.random32(), xdr.Hash(code)
	here, err := stellar.ContractID(p.network, addressOf(p.keys[0]), salt)
	if err != nil {
		return stellar.Address{}, err
	}
	return here, p.must(ctx, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
			FromAddress: &xdr.ContractIdPreimageFromAddress{Address: addressOf(p.keys[0]).ScAddress(), Salt: salt}},
		Executable:      xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash},
		ConstructorArgs: args,
	}})
}

func invoke(args xdr.InvokeContractArgs) xdr.HostFunction {
	return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &args}
}

// tell calls the fixture token, which does what anybody says.
func (p *people) tell(ctx context.Context, function string, args ...xdr.ScVal) error {
	return p.must(ctx, invoke(xdr.InvokeContractArgs{ContractAddress: p.token.ScAddress(), FunctionName: xdr.ScSymbol(function), Args: args}))
}

// live closes n ledgers.
func (p *people) live(ctx context.Context, n int) error {
	for i := range n {
		if i == n/3 {
			if err := p.found(ctx); err != nil {
				return err
			}
		}
		if p.rng.IntN(12) == 0 {
			if err := p.mood(ctx); err != nil {
				return err
			}
		}
		p.pass()
		var frames []*tx.Frame
		busy := map[string]bool{} // accounts and trades that have something in this ledger
		for range p.rng.IntN(8) {
			frame, err := p.act(ctx, busy)
			if err != nil {
				return err
			}
			if frame != nil {
				frames = append(frames, frame)
			}
		}
		if _, err := p.close(ctx, p.now, frames...); err != nil {
			return fmt.Errorf("ledger %d: %w", p.Last.Sequence()+1, err)
		}
	}
	return nil
}

// mood makes the token refuse to pay somebody, or pay them again.
func (p *people) mood(ctx context.Context) error {
	k := p.keys[1+p.rng.IntN(len(p.keys)-1)]
	b := !p.blocked[k.Address()]
	p.blocked[k.Address()] = b
	return p.tell(ctx, "block", addressOf(k).ScVal(), xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &b})
}

// pass lets time go by: mostly a little, at times up to a deadline.
func (p *people) pass() {
	p.now += 1 + p.rng.Uint64N(5)
	if p.rng.IntN(9) > 0 {
		return
	}
	if t, trade := p.pick(); t != nil && trade.Stage == escrow.StageFunded {
		if next := escrow.Deadlines(&t.terms, trade, p.now); len(next) > 0 {
			p.now = max(p.now, next[0].At-p.rng.Uint64N(2))
		}
	}
}

// pick is a trade that is going on, as the contract's entry has it.
func (p *people) pick() (*played, *escrow.Trade) {
	var all []*played
	for _, at := range p.places {
		for _, t := range at.trades {
			if !t.ended {
				all = append(all, t)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	t := all[p.rng.IntN(len(all))]
	raw, ok := p.View().Get(ledger.KeyOf(stellar.TradeKey(t.at.address, t.id)))
	if !ok {
		t.ended = true // it was never opened
		return nil, nil
	}
	trade, err := stellar.ReadStoredTrade(ledger.Decode(raw).Data.ContractData.Val)
	if err != nil || trade == nil {
		t.ended = true
		return nil, nil
	}
	t.ended = trade.Stage >= escrow.StageEnded && len(trade.Parked) == 0
	return t, trade
}

// act is somebody's transaction, nil if they thought better of it.
func (p *people) act(ctx context.Context, busy map[string]bool) (*tx.Frame, error) {
	from, at, call := p.choose()
	if call == nil || busy[from.Address()] {
		return nil, nil
	}
	about := from.Address()
	if terms, ok := escrow.TermsOf(call); ok {
		id, err := stellar.TermsID(p.network, at.address, terms)
		if err != nil {
			return nil, err
		}
		if about = id.String(); busy[about] {
			return nil, nil
		}
		if open, ok := call.(escrow.CallOpen); ok {
			at.trades = append(at.trades, &played{id: id, terms: open.Terms, at: at})
		}
	}
	args, err := stellar.EncodeCall(at.address, call)
	if err != nil {
		return nil, err
	}
	busy[from.Address()], busy[about] = true, true
	return p.try(ctx, p.now, from, invoke(args))
}

func (p *people) someone() *keypair.Full { return p.keys[p.rng.IntN(len(p.keys))] }

func (p *people) choose() (*keypair.Full, *place, escrow.Call) {
	at := p.places[p.rng.IntN(len(p.places))]
	switch r := p.rng.IntN(100); {
	case r < 8 || p.open() < atOnce:
		terms := p.terms()
		by := escrow.Role(p.rng.IntN(2))
		who, _ := terms.AddressOf(by)
		return p.byAddress[string(who)], at, escrow.CallOpen{Terms: terms, By: by}
	case r < 10:
		return p.someone(), at, escrow.CallCollect{Asset: escrow.Address(p.token.String())}
	case r < 11:
		return p.keys[0], at, escrow.CallSetAnchor{Key: escrow.Address(p.someone().Address())}
	}
	for range 30 {
		t, trade := p.pick()
		if t == nil {
			continue
		}
		role := escrow.Role(p.rng.IntN(int(t.terms.Roles())))
		options := escrow.Next(&t.terms, trade, false, p.now, role)
		if len(options) == 0 {
			continue
		}
		o := options[p.rng.IntN(len(options))]
		if trade.Stage < escrow.StageFunded && p.rng.IntN(6) > 0 {
			o = options[0] // to accept or to fund, where that can be done
		}
		for _, rare := range options {
			switch rare.Call.(type) {
			case escrow.CallAppeal, escrow.CallRule:
				o = rare
			}
		}
		if p.shy(o.Call, trade) {
			continue
		}
		who, _ := t.terms.AddressOf(role)
		return p.byAddress[string(who)], t.at, p.vary(o, role)
	}
	return nil, nil, nil
}

// open is how many trades are going on.
func (p *people) open() (n int) {
	for _, at := range p.places {
		for _, t := range at.trades {
			if !t.ended {
				n++
			}
		}
	}
	return n
}

// shy is what people seldom do, so that trades get on.
func (p *people) shy(call escrow.Call, t *escrow.Trade) bool {
	switch call := call.(type) {
	case escrow.CallCancel:
		return p.rng.IntN(8) > 0
	case escrow.CallRelease:
		return t.Milestones[call.Milestone].Dispute != nil && p.rng.IntN(20) > 0
	case escrow.CallRefund:
		return p.rng.IntN(4) > 0
	case escrow.CallAcceptOffer, escrow.CallEvidence, escrow.CallOffer:
		return p.rng.IntN(4) > 0
	}
	return false
}

// vary makes an option somebody's own.
func (p *people) vary(o escrow.Option, role escrow.Role) escrow.Call {
	part := o.Max
	if most, err := o.Max.Minus(o.Min).Stroops(); err == nil && most > 0 && p.rng.IntN(2) == 0 {
		part = o.Min.Plus(amount.Int(p.rng.Int64N(int64(most) + 1)))
	}
	switch call := o.Call.(type) {
	case escrow.CallRelease:
		call.Amount = part
		return call
	case escrow.CallRefund:
		call.Amount = part
		return call
	case escrow.CallOffer:
		call.SellerAmount = part
		return call
	case escrow.CallClaim:
		call.Amount = part
		if call.Role == role && p.rng.IntN(2) == 0 {
			call.To = escrow.Address(p.someone().Address())
		}
		return call
	case escrow.CallRule:
		call.Rulings[0].SellerPpm = uint32(p.rng.IntN(1_000_001))
		call.Hash = p.random32()
		return call
	case escrow.CallDeliver:
		call.Proof = p.random32()
		return call
	case escrow.CallDispute:
		call.Reason = p.random32()
		return call
	case escrow.CallSettle:
		call.Push = p.rng.IntN(4) > 0
		return call
	}
	return o.Call
}

func (p *people) terms() escrow.Terms {
	seats := p.rng.Perm(len(p.keys))
	take := func(n int) []escrow.Address {
		list := []escrow.Address{}
		for _, i := range seats[:n] {
			list = append(list, escrow.Address(p.keys[i].Address()))
		}
		seats = seats[n:]
		return list
	}
	panel := func(sizes ...int) escrow.Panel {
		n := sizes[p.rng.IntN(len(sizes))]
		if n == 0 {
			return escrow.Panel{Arbitrators: []escrow.Address{}}
		}
		return escrow.Panel{Arbitrators: take(n), Quorum: uint32(n/2 + 1)}
	}
	parties := take(2)
	bond := p.rng.Int64N(2000)
	t := escrow.Terms{
		Asset: escrow.Address(p.token.String()), Buyer: parties[0], Seller: parties[1], Bond: amount.Int(bond), ArbitrationFee: amount.Int(p.rng.Int64N(bond + 1)),
		FallbackPpm: uint32(p.rng.IntN(1_000_001)), FeeBps: feeBps, FundBy: p.now + 40 + p.rng.Uint64N(200), Inspection: 20 + p.rng.Uint64N(100), Salt: p.random32(), TermsHash: p.random32(),
		Panel: panel(0, 1, 3, 3), AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{}},
		Windows: escrow.Windows{Offers: 10 + p.rng.Uint64N(60), Ruling: 20 + p.rng.Uint64N(60), Appeal: 10 + p.rng.Uint64N(60)},
	}
	if len(t.Panel.Arbitrators) > 0 {
		t.AppealPanel = panel(0, 1, 3)
	}
	for range 1 + p.rng.IntN(3) {
		t.Milestones = append(t.Milestones, escrow.Milestone{Amount: amount.Int(1 + p.rng.Int64N(100_000)), DeliverBy: t.FundBy + 20 + p.rng.Uint64N(300), Description: p.random32()})
	}
	return t
}
