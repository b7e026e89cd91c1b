package e2e

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
)

func (b *built) World(w vectors.World) error {
	b.now = w.At
	switch w.Act {
	case "block":
		return b.tell(w.At, "block", addressVal(b.keyOrContract(w.Actor)), boolVal(w.On))
	case "freeze":
		if w.On {
			return b.tell(w.At, "mode", onchain.Variant("Refuse"))
		}
		return b.tell(w.At, "mode", onchain.Variant("Honest"))
	case "tax":
		if w.Bps == 0 {
			return b.tell(w.At, "mode", onchain.Variant("Honest"))
		}
		bps := xdr.Uint32(w.Bps)
		return b.tell(w.At, "mode", onchain.Variant("FeeBps", xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &bps}))
	case "seize":
		return b.mint(w.At, w.Actor, new(big.Int).Neg(w.Amount.Big()))
	case "mint":
		return b.mint(w.At, w.Actor, w.Amount.Big())
	}
	return fmt.Errorf("there is no act of the world %q", w.Act)
}

// tell calls the fixture token, which does what anybody says.
func (b *built) tell(at uint64, function string, args ...xdr.ScVal) error {
	_, err := b.must(at, invoke(xdr.InvokeContractArgs{ContractAddress: b.token.ScAddress(), FunctionName: xdr.ScSymbol(function), Args: args}))
	if err != nil {
		err = fmt.Errorf("tell the token to %s: %w", function, err)
	}
	return err
}

func (b *built) mint(at uint64, actor string, x *big.Int) error {
	hi := new(big.Int).Rsh(x, 64) // rounds down, as two's complement does
	lo := new(big.Int).And(x, new(big.Int).SetUint64(1<<64-1))
	parts := xdr.Int128Parts{Hi: xdr.Int64(hi.Int64()), Lo: xdr.Uint64(lo.Uint64())}
	return b.tell(at, "mint", addressVal(b.keyOrContract(actor)), xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &parts})
}

func (b *built) keyOrContract(actor string) xdr.ScAddress {
	if actor == vectors.Contract {
		return b.contract.ScAddress()
	}
	return account(b.keys[actor])
}

// Balance reads the token's entry in the ledger.
func (b *built) Balance(actor string) (vectors.Amount, error) {
	symbol := xdr.ScSymbol("Balance")
	vec := &xdr.ScVec{{Type: xdr.ScValTypeScvSymbol, Sym: &symbol}, addressVal(b.keyOrContract(actor))}
	raw, ok := b.chain.View().Get(ledger.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: b.token.ScAddress(), Key: xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &vec}, Durability: xdr.ContractDataDurabilityPersistent,
	}}))
	if !ok {
		return "0", nil
	}
	parts, ok := ledger.Decode(raw).Data.ContractData.Val.GetI128()
	if !ok {
		return "", errors.New("the token's entry is no amount")
	}
	return vectors.Amount(onchain.Int128(parts).String()), nil
}

// Owed calls the view, once a ledger: a refused call closes none.
func (b *built) Owed() (vectors.Owed, error) {
	if b.owedIn == b.chain.Last.Hash {
		return b.owed, nil
	}
	v, err := b.view(b.now, "owed", "")
	if err != nil {
		return vectors.Owed{}, err
	}
	owed := v.(escrow.Owed)
	b.owed, b.owedIn = vectors.Owed{Total: vectors.Amount(owed.Total.Units()), Fees: vectors.Amount(owed.Fees.Units())}, b.chain.Last.Hash
	return b.owed, nil
}

func addressVal(a xdr.ScAddress) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &a}
}

func boolVal(v bool) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &v} }
