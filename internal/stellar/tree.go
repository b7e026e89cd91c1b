package stellar

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// A Tree is all that one call of the contract may ask of anybody's signature: at most one signer, who authorises the call itself and,
// where money comes in, exactly one transfer to the contract below it (contract.md "What signs what"). The zero value is a call that
// nobody signs.
//
// A simulation answers with whatever the called contracts want, and one of them may be the work of a thief (docs/contract-attacks.md E2): a
// token that asks, inside `fund`, for another transfer. So nothing is signed because a simulation returned it; it is compared with
// this, which was computed from the terms and the state alone.
type Tree struct {
	Signer   *Address // nil: nobody signs
	Call     xdr.InvokeContractArgs
	Transfer *Transfer // nil: no money comes in
}

// A Transfer is a call of an asset's `transfer`.
type Transfer struct {
	Asset, From, To Address
	Amount          amount.Int128 // in the asset's smallest part, above 0
}

// Args is the transfer as the asset's contract is called (SEP-41).
func (t Transfer) Args() xdr.InvokeContractArgs {
	hi, lo := t.Amount.Parts()
	units := xdr.Int128Parts{Hi: xdr.Int64(hi), Lo: xdr.Uint64(lo)}
	return xdr.InvokeContractArgs{
		ContractAddress: t.Asset.ScAddress(),
		FunctionName:    "transfer",
		Args:            []xdr.ScVal{t.From.ScVal(), t.To.ScVal(), {Type: xdr.ScValTypeScvI128, I128: &units}},
	}
}

// Invocation is the tree as it stands in an authorisation entry; meaningless for a call that nobody signs.
func (t Tree) Invocation() xdr.SorobanAuthorizedInvocation {
	root := authorized(t.Call)
	if t.Transfer != nil {
		root.SubInvocations = []xdr.SorobanAuthorizedInvocation{authorized(t.Transfer.Args())}
	}
	return root
}

func authorized(call xdr.InvokeContractArgs) xdr.SorobanAuthorizedInvocation {
	return xdr.SorobanAuthorizedInvocation{Function: xdr.SorobanAuthorizedFunction{
		Type:       xdr.SorobanAuthorizedFunctionTypeSorobanAuthorizedFunctionTypeContractFn,
		ContractFn: &call,
	}}
}

// ErrTree is what every refusal of CheckTree wraps.
var ErrTree = errors.New("not the expected authorisation")

// CheckTree refuses (ErrTree) every list of authorisations but exactly the one that want stands for, and says what differs. source is
// the account that sends the transaction: an authorisation by its signature on the whole transaction is one of its own, so it is refused
// when somebody else should sign.
func CheckTree(want Tree, source Address, got []xdr.SorobanAuthorizationEntry) error {
	if want.Signer == nil {
		if len(got) > 0 {
			return fmt.Errorf("%s needs nobody's authorisation, but %d are asked for, the first for %s: %w",
				describe(want.Call), len(got), describeInvocation(got[0].RootInvocation), ErrTree)
		}
		return nil
	}
	if len(got) == 0 {
		return fmt.Errorf("no authorisation of %s is asked for, but %s needs it: %w", want.Signer, describe(want.Call), ErrTree)
	}
	if len(got) > 1 {
		return fmt.Errorf("%d authorisations are asked for, not one; beside the first, %s: %w",
			len(got), describeInvocation(got[1].RootInvocation), ErrTree)
	}
	signer, err := entrySigner(got[0], source)
	if err != nil {
		return err
	}
	if signer != *want.Signer {
		return fmt.Errorf("%s would be authorised by %s, not by %s: %w", describe(want.Call), signer, want.Signer, ErrTree)
	}
	return sameInvocation("", want.Invocation(), got[0].RootInvocation)
}

// entrySigner is whose authorisation an entry is.
func entrySigner(entry xdr.SorobanAuthorizationEntry, source Address) (Address, error) {
	if entry.Credentials.Type == xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount {
		return source, nil
	}
	credentials, err := addressCredentials(entry.Credentials)
	if err != nil {
		return Address{}, err
	}
	signer, err := binding.AddressFrom(credentials.Address)
	if err != nil {
		return Address{}, fmt.Errorf("signer of an authorisation: %w: %w", err, ErrTree)
	}
	return signer, nil
}

// addressCredentials are those of an entry that a separate signature makes valid.
func addressCredentials(c xdr.SorobanCredentials) (*xdr.SorobanAddressCredentials, error) {
	switch {
	case c.Type == xdr.SorobanCredentialsTypeSorobanCredentialsAddress && c.Address != nil:
		return c.Address, nil
	case c.Type == xdr.SorobanCredentialsTypeSorobanCredentialsAddressV2 && c.AddressV2 != nil:
		return c.AddressV2, nil
	}
	return nil, fmt.Errorf("credentials of kind %d, neither the transaction's source nor one address: %w", c.Type, ErrTree)
}

// sameInvocation compares node by node, so that the message can name the first place that differs.
func sameInvocation(below string, want, got xdr.SorobanAuthorizedInvocation) error {
	place := "the authorisation"
	if below != "" {
		place = "below " + below + ", the authorisation"
	}
	if got.Function.Type != xdr.SorobanAuthorizedFunctionTypeSorobanAuthorizedFunctionTypeContractFn || got.Function.ContractFn == nil {
		return fmt.Errorf("%s would create a contract, not call %s: %w", place, describe(*want.Function.ContractFn), ErrTree)
	}
	w, g := *want.Function.ContractFn, *got.Function.ContractFn
	if !sameXDR(w.ContractAddress, g.ContractAddress) || w.FunctionName != g.FunctionName {
		return fmt.Errorf("%s is for %s, not for %s: %w", place, describe(g), describe(w), ErrTree)
	}
	if len(w.Args) != len(g.Args) {
		return fmt.Errorf("%s of %s has %d arguments, not %d: %w", place, describe(w), len(g.Args), len(w.Args), ErrTree)
	}
	for i := range w.Args {
		if !sameXDR(w.Args[i], g.Args[i]) {
			return fmt.Errorf("%s of %s: argument %d is %s, not %s: %w", place, describe(w), i+1, short(g.Args[i]), short(w.Args[i]), ErrTree)
		}
	}
	for i, sub := range got.SubInvocations {
		if i >= len(want.SubInvocations) {
			return fmt.Errorf("below %s, an authorisation for %s is asked for, which belongs to nothing that was agreed: %w",
				describe(w), describeInvocation(sub), ErrTree)
		}
		if err := sameInvocation(describe(w), want.SubInvocations[i], sub); err != nil {
			return err
		}
	}
	if missing := want.SubInvocations[len(got.SubInvocations):]; len(missing) > 0 {
		return fmt.Errorf("below %s, no authorisation for %s is asked for: %w", describe(w), describeInvocation(missing[0]), ErrTree)
	}
	return nil
}

// sameXDR compares what would be signed: the bytes. The types' own Equals panics at kinds of values it does not know.
func sameXDR(a, b interface{ MarshalBinary() ([]byte, error) }) bool {
	rawA, errA := a.MarshalBinary()
	rawB, errB := b.MarshalBinary()
	return errA == nil && errB == nil && bytes.Equal(rawA, rawB)
}

func describe(call xdr.InvokeContractArgs) string {
	contract := "an address that is no contract"
	if a, err := binding.AddressFrom(call.ContractAddress); err == nil {
		contract = a.String()
	}
	name := short(xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &call.FunctionName})
	return name + " of " + contract
}

func describeInvocation(i xdr.SorobanAuthorizedInvocation) string {
	if i.Function.ContractFn == nil {
		return "the creation of a contract"
	}
	call := *i.Function.ContractFn
	if call.FunctionName != "transfer" || len(call.Args) != 3 {
		return describe(call)
	}
	return fmt.Sprintf("%s (from %s to %s: %s)", describe(call), short(call.Args[0]), short(call.Args[1]), short(call.Args[2]))
}

// short is a value for a message: addresses and numbers whole, the rest by kind. What a stranger put into it stays harmless.
func short(v xdr.ScVal) string {
	switch v.Type {
	case xdr.ScValTypeScvAddress:
		if a, err := v.Address.String(); err == nil {
			return a
		}
	case xdr.ScValTypeScvBool, xdr.ScValTypeScvU32, xdr.ScValTypeScvI32, xdr.ScValTypeScvU64, xdr.ScValTypeScvI64, xdr.ScValTypeScvU128,
		xdr.ScValTypeScvI128, xdr.ScValTypeScvVoid:
		return v.String()
	case xdr.ScValTypeScvSymbol:
		return strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '?'
			}
			return r
		}, string(*v.Sym))
	case xdr.ScValTypeScvBytes:
		const shown = 32
		if len(*v.Bytes) <= shown {
			return fmt.Sprintf("%x", []byte(*v.Bytes))
		}
	}
	raw, err := v.MarshalBinary()
	if err != nil {
		return "a value that cannot be encoded"
	}
	sum := hashBytes(raw)
	return fmt.Sprintf("a value of %d bytes (%x…)", len(raw), sum[:4])
}
