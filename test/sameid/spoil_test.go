package sameid

import (
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// places are all values within v, v itself first.
func places(v *xdr.ScVal) []*xdr.ScVal {
	all := []*xdr.ScVal{v}
	switch {
	case v.Type == xdr.ScValTypeScvVec && v.Vec != nil && *v.Vec != nil:
		for i := range **v.Vec {
			all = append(all, places(&(**v.Vec)[i])...)
		}
	case v.Type == xdr.ScValTypeScvMap && v.Map != nil && *v.Map != nil:
		for i := range **v.Map {
			all = append(all, places(&(**v.Map)[i].Key)...)
			all = append(all, places(&(**v.Map)[i].Val)...)
		}
	}
	return all
}

// spoil changes one thing somewhere within v, as somebody would who wants other bytes to mean the same.
func (c *choices) spoil(v *xdr.ScVal) {
	all := places(v)
	at := all[(int(c.byte())<<8|int(c.byte()))%len(all)]
	switch {
	case c.of(3) == 0:
		*at = c.other(*at)
	case at.Type == xdr.ScValTypeScvVec && *at.Vec != nil:
		spoilList(c, (*[]xdr.ScVal)(*at.Vec), xdr.ScVal{Type: xdr.ScValTypeScvVoid})
	case at.Type == xdr.ScValTypeScvMap && *at.Map != nil:
		spoilList(c, (*[]xdr.ScMapEntry)(*at.Map), xdr.ScMapEntry{Key: symbol(c.name()), Val: u32(1)})
	case at.Type == xdr.ScValTypeScvBytes:
		spoilList(c, (*[]byte)(at.Bytes), 0)
	case at.Type == xdr.ScValTypeScvSymbol:
		*at = symbol(c.name())
	default:
		*at = c.other(*at)
	}
}

// spoilList repeats, drops, exchanges or adds.
func spoilList[T any](c *choices, list *[]T, more T) {
	how, n := c.of(4), len(*list)
	if n == 0 || how == 0 {
		*list = slices.Insert(*list, c.of(n+1), more)
		return
	}
	i, j := c.of(n), c.of(n)
	switch how {
	case 1:
		*list = slices.Insert(*list, j, (*list)[i])
	case 2:
		*list = slices.Delete(*list, i, i+1)
	case 3:
		(*list)[i], (*list)[j] = (*list)[j], (*list)[i]
	}
}

func (c *choices) name() string {
	return pick(c, "", "a", "bond", "bond_", "Bond", "zz", "salt", "amount", "quorum", "windows", "a_name_of_thirty_two_characters_", "no symbol", "\xff")
}

func symbol(s string) xdr.ScVal {
	v := xdr.ScSymbol(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
}

func u32(n uint32) xdr.ScVal {
	v := xdr.Uint32(n)
	return xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &v}
}

func address(a xdr.ScAddress) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &a} }

// muxed, claimable and pool are the addresses that hold no role.
func muxed(id uint64) xdr.ScVal {
	return address(xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeMuxedAccount, MuxedAccount: &xdr.MuxedEd25519Account{Id: xdr.Uint64(id)}})
}

func claimable() xdr.ScVal {
	return address(xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeClaimableBalance, ClaimableBalanceId: &xdr.ClaimableBalanceId{V0: new(xdr.Hash)}})
}

func pool() xdr.ScVal {
	return address(xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeLiquidityPool, LiquidityPoolId: new(xdr.PoolId)})
}

// other is a value of another type that could be taken for v: the same number, the same bytes.
func (c *choices) other(v xdr.ScVal) xdr.ScVal {
	number := uint64(c.byte())
	switch {
	case v.U32 != nil:
		number = uint64(*v.U32)
	case v.U64 != nil:
		number = uint64(*v.U64)
	case v.I128 != nil:
		number = uint64(v.I128.Lo)
	}
	var raw []byte
	if v.Bytes != nil {
		raw = *v.Bytes
	}
	u, i, b, sc, str := xdr.Uint64(number), xdr.Int64(number), number&1 == 1, xdr.ScBytes(raw), xdr.ScString(raw)
	var noVec *xdr.ScVec
	var noMap *xdr.ScMap
	emptyVec, emptyMap := &xdr.ScVec{}, &xdr.ScMap{}
	i32, contractCode := xdr.Int32(number), xdr.Uint32(number)
	return pick(c, u32(uint32(number)), muxed(number), claimable(), pool(),
		xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &u},
		xdr.ScVal{Type: xdr.ScValTypeScvI64, I64: &i},
		xdr.ScVal{Type: xdr.ScValTypeScvI32, I32: &i32},
		xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Lo: u}},
		xdr.ScVal{Type: xdr.ScValTypeScvU128, U128: &xdr.UInt128Parts{Lo: u}},
		xdr.ScVal{Type: xdr.ScValTypeScvI256, I256: &xdr.Int256Parts{LoLo: u}},
		xdr.ScVal{Type: xdr.ScValTypeScvU256, U256: &xdr.UInt256Parts{LoLo: u}},
		xdr.ScVal{Type: xdr.ScValTypeScvTimepoint, Timepoint: (*xdr.TimePoint)(&u)},
		xdr.ScVal{Type: xdr.ScValTypeScvDuration, Duration: (*xdr.Duration)(&u)},
		xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &b},
		xdr.ScVal{Type: xdr.ScValTypeScvVoid},
		xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &sc},
		xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &str},
		xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &noVec},
		xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &emptyVec},
		xdr.ScVal{Type: xdr.ScValTypeScvMap, Map: &noMap},
		xdr.ScVal{Type: xdr.ScValTypeScvMap, Map: &emptyMap},
		xdr.ScVal{Type: xdr.ScValTypeScvError, Error: &xdr.ScError{Type: xdr.ScErrorTypeSceContract, ContractCode: &contractCode}},
		xdr.ScVal{Type: xdr.ScValTypeScvLedgerKeyContractInstance},
		xdr.ScVal{Type: xdr.ScValTypeScvLedgerKeyNonce, NonceKey: &xdr.ScNonceKey{Nonce: i}},
		symbol("bond"),
	)
}

// spoilBytes changes what is written: a byte, a word more or less, an end too early or too late.
func (c *choices) spoilBytes(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte{c.byte()}
	}
	at := (int(c.byte())<<8 | int(c.byte())) % len(raw)
	switch c.of(5) {
	case 0:
		raw[at] ^= 1 << c.of(8)
	case 1:
		return raw[:at]
	case 2:
		return append(raw, make([]byte, 1+c.of(8))...)
	case 3:
		return slices.Insert(raw, at&^3, 0, 0, 0, c.byte())
	case 4:
		return slices.Delete(raw, at&^3, min(at&^3+4, len(raw)))
	}
	return raw
}
