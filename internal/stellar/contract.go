package stellar

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// EncodeTerms is terms as the contract takes them. It refuses (*FieldError) an address that is neither an account nor a contract; every
// rule about terms is the contract's and internal/escrow's.
func EncodeTerms(t escrow.Terms) (xdr.ScVal, error) {
	terms, err := convert[binding.Terms](t)
	if err != nil {
		return xdr.ScVal{}, fmt.Errorf("terms: %w", err)
	}
	return terms.ScVal(), nil
}

// TermsID is the id of the trade with these terms in this contract on this network: SHA-256 over the XDR of the tuple
// (Symbol "trade1", network id, contract, terms), as docs/contract.md says. The contract computes the same.
func TermsID(n Network, contract Address, t escrow.Terms) (escrow.ID, error) {
	terms, err := EncodeTerms(t)
	if err != nil {
		return escrow.ID{}, err
	}
	tuple := &xdr.ScVec{scSymbol("trade1"), scBytes(n.id[:]), contract.ScVal(), terms}
	sum, err := hashXDR(xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &tuple})
	return escrow.ID(sum), err
}

// EncodeCall is a call as a transaction makes it. It refuses (*FieldError) an address that is neither an account nor a contract.
func EncodeCall(contract Address, call escrow.Call) (xdr.InvokeContractArgs, error) {
	wire := binding.NewCall(call.Function())
	if wire == nil {
		return xdr.InvokeContractArgs{}, fmt.Errorf("function %q: %w", call.Function(), binding.ErrUnknownFunction)
	}
	if err := assign(reflect.ValueOf(wire).Elem(), reflect.ValueOf(call)); err != nil {
		return xdr.InvokeContractArgs{}, fmt.Errorf("%s: %w", call.Function(), err)
	}
	return binding.Invoke(contract, wire), nil
}

// ErrOtherContract is returned by DecodeCall and DecodeEvent for what is another contract's.
var ErrOtherContract = errors.New("another contract's")

// DecodeCall reads a call of the contract. It refuses one of another contract (ErrOtherContract), an unknown function
// (binding.ErrUnknownFunction; the views and the constructor are such here) and arguments that EncodeCall would not have written.
func DecodeCall(contract Address, args xdr.InvokeContractArgs) (escrow.Call, error) {
	if called, err := binding.AddressFrom(args.ContractAddress); err != nil || called != contract {
		return nil, fmt.Errorf("call of %s: %w", describe(args), ErrOtherContract)
	}
	wire, err := binding.DecodeCall(args)
	if err != nil {
		return nil, err
	}
	into, ok := ruleCalls[wire.Function()]
	if !ok {
		return nil, fmt.Errorf("function %q: no action: %w", wire.Function(), binding.ErrUnknownFunction)
	}
	call := reflect.New(into).Elem()
	if err := assign(call, reflect.ValueOf(wire).Elem()); err != nil {
		return nil, fmt.Errorf("function %s: %w", wire.Function(), err)
	}
	return call.Interface().(escrow.Call), nil
}

var ruleCalls = byName[escrow.Call](escrow.Call.Function,
	escrow.CallOpen{}, escrow.CallAccept{}, escrow.CallFund{}, escrow.CallCancel{}, escrow.CallDeliver{}, escrow.CallRelease{},
	escrow.CallRefund{}, escrow.CallSettle{}, escrow.CallDispute{}, escrow.CallOffer{}, escrow.CallAcceptOffer{}, escrow.CallEvidence{},
	escrow.CallRule{}, escrow.CallAppeal{}, escrow.CallClaim{}, escrow.CallExtend{}, escrow.CallCollect{}, escrow.CallProposeFee{},
	escrow.CallCancelFee{}, escrow.CallPause{}, escrow.CallUnpause{}, escrow.CallProposeAdmin{}, escrow.CallAcceptAdmin{},
	escrow.CallSetAnchor{}, escrow.CallAnchor{})

func byName[T any](name func(T) string, all ...T) map[string]reflect.Type {
	types := make(map[string]reflect.Type, len(all))
	for _, v := range all {
		types[name(v)] = reflect.TypeOf(v)
	}
	return types
}

// ViewTrade, ViewConfig and ViewOwed are the calls of the contract's views; DecodeTrade, DecodeConfig and DecodeOwed read their answers.
func ViewTrade(contract Address, id escrow.ID) xdr.InvokeContractArgs {
	return binding.Invoke(contract, binding.TradeCall{ID: id})
}

// ViewConfig is the call of the view `config`.
func ViewConfig(contract Address) xdr.InvokeContractArgs {
	return binding.Invoke(contract, binding.ConfigCall{})
}

// ViewOwed is the call of the view `owed`.
func ViewOwed(contract, asset Address) xdr.InvokeContractArgs {
	return binding.Invoke(contract, binding.OwedCall{Asset: asset})
}

// DecodeTrade reads what `trade` returned: nil if no trade has that id.
func DecodeTrade(v xdr.ScVal) (*escrow.Trade, error) {
	trade, err := binding.ResultOfTrade(v)
	if err != nil {
		return nil, fmt.Errorf("trade: %w", err)
	}
	return convert[*escrow.Trade](trade)
}

// DecodeConfig reads what `config` returned.
func DecodeConfig(v xdr.ScVal) (escrow.Config, error) {
	config, err := binding.ResultOfConfig(v)
	if err != nil {
		return escrow.Config{}, fmt.Errorf("config: %w", err)
	}
	return convert[escrow.Config](config)
}

// DecodeOwed reads what `owed` returned.
func DecodeOwed(v xdr.ScVal) (escrow.Owed, error) {
	owed, err := binding.ResultOfOwed(v)
	if err != nil {
		return escrow.Owed{}, fmt.Errorf("owed: %w", err)
	}
	return convert[escrow.Owed](owed)
}

// ConstructorArgs are the arguments of a deployment. The constructor refuses a rulebook of other code than the escrow names.
func ConstructorArgs(admin Address, feeBps uint32, feeReceiver Address, limits escrow.Limits, rulebook Address) []xdr.ScVal {
	wire, err := convert[binding.Limits](limits)
	if err != nil {
		panic("limits: " + err.Error()) // numbers only: nothing in them can be refused
	}
	return binding.ConstructorCall{Admin: admin, FeeBps: feeBps, FeeReceiver: feeReceiver, Limits: wire, Rulebook: rulebook}.Args()
}
