package lockstep

import (
	"fmt"
	"os"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
)

// escrowPlan is what is deployed for a plan, but for its place and token. It is the only function that knows of what the platform consists.
func escrowPlan(p *plan) (deploy.Plan, error) {
	code, hash, err := wasm.Escrow()
	if err != nil {
		return deploy.Plan{}, err
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	return deploy.Plan{
		Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: addressOf(keyOf(vectors.Admin)), FeeBps: p.feeBps, FeeReceiver: addressOf(keyOf(vectors.Receiver)),
		Limits: escrow.Limits(limits()),
	}, err
}

// makeTokens makes the site's two tokens: the fixture, and an asset of the network with its built-in contract.
func (s *site) makeTokens(salt [32]byte) (err error) {
	from := s.keys[payer]
	if s.sites == 1 { // the code is there for the sites that follow, and restored where it is archived
		code, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
		if err != nil {
			return err
		}
		if err := s.later(func() error {
			return s.prepared(from, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &code})
		}); err != nil {
			return fmt.Errorf("upload the token: %w", err)
		}
	}
	if s.token, err = stellar.ContractID(s.name, addressOf(from), salt); err != nil {
		return err
	}
	hash := xdr.Hash(s.tokenCode)
	create := func(preimage xdr.ContractIdPreimage, code xdr.ContractExecutable) error {
		return s.later(func() error {
			return s.prepared(from, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
				ContractIdPreimage: preimage, Executable: code,
			}})
		})
	}
	if err := create(xdr.ContractIdPreimage{
		Type:        xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
		FromAddress: &xdr.ContractIdPreimageFromAddress{Address: addressOf(from).ScAddress(), Salt: salt},
	}, xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash}); err != nil {
		return err
	}
	s.asset = xdr.MustNewCreditAsset(fmt.Sprintf("COIN%d", s.sites), s.keys[issuer].Address())
	if s.coin, err = stellar.AssetContract(s.name, s.asset); err != nil {
		return err
	}
	return create(xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAsset, FromAsset: &s.asset},
		xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableStellarAsset})
}

// later does something in the next ledger but one at the soonest: whose second must be free.
func (n *network) later(f func() error) error {
	if err := n.at(n.now() + 1); err != nil {
		return err
	}
	return f()
}

// lined are those who can hold the world's coin from the start: by a trustline, or as contracts can, who need none. Whoever else is paid in it is paid by parking.
func lined() []string {
	return append([]string{vectors.Receiver, panelist[0], panelist[1], panelist[2], judges[0], stranger}, traders...)
}

// handOut gives every trader both tokens, and some people a trustline.
func (s *site) handOut(p *plan) error {
	var lines, gifts []xdr.Operation
	var signers []*keypair.Full
	units, err := p.purse.Stroops()
	if err != nil {
		return err
	}
	for _, who := range lined() {
		if isContract(who) { // needs no line, and is given by the asset's contract
			continue
		}
		k := s.keys[who]
		account := xdr.MustMuxedAddress(k.Address())
		lines = append(lines, xdr.Operation{SourceAccount: &account, Body: changeTrust(s.asset, 1<<63-1)})
		signers = append(signers, k)
		if slices.Contains(traders, who) {
			gifts = append(gifts, xdr.Operation{Body: xdr.OperationBody{Type: xdr.OperationTypePayment, PaymentOp: &xdr.PaymentOp{
				Destination: account, Asset: s.asset, Amount: xdr.Int64(units),
			}}})
		}
	}
	if err := s.later(func() error { return s.classic(s.keys[issuer], signers, append(lines, gifts...)...) }); err != nil {
		return err
	}
	for _, who := range traders {
		tokens := []stellar.Address{s.token}
		if isContract(who) {
			tokens = append(tokens, s.coin)
		}
		for _, token := range tokens {
			if err := s.later(func() error { return s.tell(token, "mint", s.address(who).ScVal(), int128(p.purse)) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func changeTrust(a xdr.Asset, limit int64) xdr.OperationBody {
	return xdr.OperationBody{Type: xdr.OperationTypeChangeTrust, ChangeTrustOp: &xdr.ChangeTrustOp{Line: a.ToChangeTrustAsset(), Limit: xdr.Int64(limit)}}
}

func int128(x amount.Int128) xdr.ScVal {
	hi, lo := x.Parts()
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Hi: xdr.Int64(hi), Lo: xdr.Uint64(lo)}}
}

// tell calls a token: the fixture does what anybody says, the asset's contract what its issuer does.
func (s *site) tell(token stellar.Address, function string, args ...xdr.ScVal) error {
	from := s.keys[payer]
	if token == s.coin {
		from = s.keys[issuer]
	}
	if err := s.prepared(from, scval.Call(token.ScAddress(), function, args...)); err != nil {
		return fmt.Errorf("tell %s to %s: %w", token, function, err)
	}
	return nil
}

// act does an act of the world, which the bank has found possible.
func (s *site) act(a *act) error {
	who := s.address(a.actor)
	switch a.kind {
	case "block":
		return s.tell(s.token, "block", who.ScVal(), boolean(a.on))
	case "freeze":
		return s.tell(s.token, "mode", onchain.Variant(map[bool]string{true: "Refuse", false: "Honest"}[a.on]))
	case "tax":
		if a.bps == 0 {
			return s.tell(s.token, "mode", onchain.Variant("Honest"))
		}
		return s.tell(s.token, "mode", onchain.Variant("FeeBps", scval.U32(a.bps)))
	case "seize":
		return s.tell(s.token, "mint", who.ScVal(), int128(amount.Int128{}.Minus(a.amount)))
	case "mint":
		return s.tell(s.token, "mint", who.ScVal(), int128(a.amount))
	case "mode":
		return s.tell(s.token, "mode", s.mode(a))
	case "coin-freeze":
		return s.tell(s.coin, "set_authorized", who.ScVal(), boolean(!a.on))
	case "coin-take":
		return s.tell(s.coin, "clawback", who.ScVal(), int128(a.amount))
	case "coin-issue":
		return s.tell(s.coin, "mint", who.ScVal(), int128(a.amount))
	case "coin-line":
		return s.line(a)
	}
	return fmt.Errorf("there is no act %q", a.kind)
}

// line changes an actor's trustline.
func (s *site) line(a *act) error {
	k := s.keys[a.actor]
	limit, err := a.amount.Stroops()
	if err != nil {
		return err
	}
	ops := []xdr.Operation{{Body: changeTrust(s.asset, int64(limit))}}
	if held := s.balance(coin, a.actor); limit == 0 && held.Sign() > 0 {
		units, err := held.Stroops()
		if err != nil {
			return err
		}
		ops = slices.Insert(ops, 0, xdr.Operation{Body: xdr.OperationBody{Type: xdr.OperationTypePayment, PaymentOp: &xdr.PaymentOp{
			Destination: xdr.MustMuxedAddress(s.keys[issuer].Address()), Asset: s.asset, Amount: xdr.Int64(units),
		}}})
	}
	return s.classic(k, nil, ops...)
}

func (s *site) mode(a *act) xdr.ScVal {
	switch a.mode {
	case "LyingBalance":
		return onchain.Variant(a.mode, int128(a.amount))
	case "BurnBudget", "AskSignature":
		return onchain.Variant(a.mode, s.address(a.actor).ScVal())
	case "Reenter":
		return onchain.Variant(a.mode, s.contract.ScVal(), scval.Symbol("collect"), scval.Vec(s.token.ScVal()))
	}
	return onchain.Variant(a.mode)
}

func boolean(v bool) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &v} }
