package lockstep

import (
	"bytes"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// reading is an entry as it was read last, so that what has not changed is not decoded again.
type reading struct {
	raw   []byte
	value any
}

// read finds an entry, archived or not, and decodes it; nil where there is none.
func (s *site) read(view ledger.View, k ledger.Key, decode func(*xdr.LedgerEntry) (any, error)) (any, error) {
	raw, _, ok := ledger.Find(view, k)
	if !ok {
		return nil, nil
	}
	if known, ok := s.decoded[k]; ok && bytes.Equal(known.raw, raw) {
		return known.value, nil
	}
	v, err := decode(ledger.Decode(raw))
	if err == nil {
		s.decoded[k] = reading{raw, v}
	}
	return v, err
}

func (s *site) trade(view ledger.View, id escrow.ID) (*escrow.Trade, error) {
	v, err := s.read(view, ledger.KeyOf(stellar.TradeKey(s.contract, id)), func(e *xdr.LedgerEntry) (any, error) {
		return stellar.ReadStoredTrade(e.Data.ContractData.Val)
	})
	if v == nil || err != nil {
		return nil, err
	}
	return v.(*escrow.Trade), nil
}

func (s *site) owed(view ledger.View, asset stellar.Address) (escrow.Owed, error) {
	v, err := s.read(view, ledger.KeyOf(stellar.OwedKey(s.contract, asset)), func(e *xdr.LedgerEntry) (any, error) {
		return stellar.ReadStoredOwed(e.Data.ContractData.Val)
	})
	if v == nil || err != nil {
		return escrow.Owed{}, err
	}
	return v.(escrow.Owed), nil
}

// holdingKey is where somebody's balance of a token stands.
func (s *site) holdingKey(token, who string) ledger.Key {
	if token == coin && who != vectors.Contract && !isContract(who) {
		return ledger.TrustlineKey(xdr.MustAddress(s.keys[who].Address()), s.asset)
	}
	return persistent(s.address(token), scval.Vec(scval.Symbol("Balance"), s.address(who).ScVal()))
}

func persistent(contract stellar.Address, key xdr.ScVal) ledger.Key {
	return ledger.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: contract.ScAddress(), Key: key, Durability: xdr.ContractDataDurabilityPersistent,
	}})
}

func (s *site) balanceIn(view ledger.View, token, who string) (amount.Int128, error) {
	v, err := s.read(view, s.holdingKey(token, who), func(e *xdr.LedgerEntry) (any, error) {
		if l := e.Data.TrustLine; l != nil {
			return amount.Int(int64(l.Balance)), nil
		}
		val := e.Data.ContractData.Val
		if fields, ok := val.GetMap(); ok && fields != nil { // the built-in contract's: amount, authorized, clawback
			for _, f := range *fields {
				if name, ok := f.Key.GetSym(); ok && name == "amount" {
					val = f.Val
				}
			}
		}
		parts, ok := val.GetI128()
		if !ok {
			return nil, fmt.Errorf("the balance of %s is no amount", who)
		}
		return amount.FromParts(int64(parts.Hi), uint64(parts.Lo)), nil
	})
	if v == nil || err != nil {
		return amount.Int128{}, err
	}
	return v.(amount.Int128), nil
}

// balance is balanceIn the newest state, 0 where it cannot be read: only acts of the world ask.
func (s *site) balance(token, who string) amount.Int128 {
	view := s.Chain().View()
	defer view.Close()
	x, err := s.balanceIn(view, token, who)
	if err != nil {
		return amount.Int128{}
	}
	return x
}

// known are the entries that a call on terms in a token may touch.
func (s *site) known(token string, id *escrow.ID, roles []string) map[ledger.Key]bool {
	keys := map[ledger.Key]bool{
		ledger.KeyOf(stellar.InstanceKey(s.contract)):                false,
		ledger.KeyOf(stellar.InstanceKey(s.address(token))):          false,
		ledger.KeyOf(stellar.OwedKey(s.contract, s.address(token))):  true,
		s.holdingKey(token, vectors.Contract):                        true,
		persistent(s.token, blockedKey(s.contract)):                  false,
		ledger.AccountKey(xdr.MustAddress(s.keys[issuer].Address())): false,
		ledger.KeyOf(stellar.CodeKey(s.code)):                        false,
		ledger.KeyOf(stellar.CodeKey(s.tokenCode)):                   false,
	}
	if id != nil {
		keys[ledger.KeyOf(stellar.TradeKey(s.contract, *id))] = true
	}
	for _, who := range roles {
		keys[s.holdingKey(token, who)] = true
		switch {
		case token == coin && isContract(who):
		case token == coin:
			keys[ledger.AccountKey(xdr.MustAddress(s.keys[who].Address()))] = false
		default:
			keys[persistent(s.token, blockedKey(s.address(who)))] = false
		}
	}
	return keys
}

func blockedKey(a stellar.Address) xdr.ScVal { return scval.Vec(scval.Symbol("Blocked"), a.ScVal()) }
