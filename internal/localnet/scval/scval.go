package scval

import (
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// U32 is a u32.
func U32(n uint32) xdr.ScVal {
	v := xdr.Uint32(n)
	return xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &v}
}

// U64 is a u64.
func U64(n uint64) xdr.ScVal {
	v := xdr.Uint64(n)
	return xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &v}
}

// I128 is an i128, as amounts are.
func I128(n int64) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Hi: xdr.Int64(n >> 63), Lo: xdr.Uint64(n)}}
}

// Bytes is a byte string; it keeps b.
func Bytes(b []byte) xdr.ScVal {
	v := xdr.ScBytes(b)
	return xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &v}
}

// String is a text.
func String(s string) xdr.ScVal {
	v := xdr.ScString(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &v}
}

// Symbol is a name: the host takes 32 letters, digits and underscores at most.
func Symbol(s string) xdr.ScVal {
	v := xdr.ScSymbol(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
}

// Vec is a list.
func Vec(list ...xdr.ScVal) xdr.ScVal {
	v := (*xdr.ScVec)(&list)
	return xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &v}
}

// Map has symbols as keys. The host takes them in their order only, which is left to the caller.
func Map(pairs ...Pair) xdr.ScVal {
	m := &xdr.ScMap{}
	for _, p := range pairs {
		*m = append(*m, xdr.ScMapEntry{Key: Symbol(p.Key), Val: p.Value})
	}
	return xdr.ScVal{Type: xdr.ScValTypeScvMap, Map: &m}
}

// Pair is a key of a Map with its value.
type Pair struct {
	Key   string
	Value xdr.ScVal
}

// Address is an address as a value.
func Address(a xdr.ScAddress) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &a} }

// Account is the address of an account.
func Account(id xdr.AccountId) xdr.ScAddress {
	return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeAccount, AccountId: &id}
}

// MustContract is the address of the contract C…. It panics if that is none.
func MustContract(address string) xdr.ScAddress {
	id := xdr.ContractId(strkey.MustDecode(strkey.VersionByteContract, address))
	return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeContract, ContractId: &id}
}

// Call is the host function that calls a contract.
func Call(contract xdr.ScAddress, name string, args ...xdr.ScVal) xdr.HostFunction {
	return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract,
		InvokeContract: &xdr.InvokeContractArgs{ContractAddress: contract, FunctionName: xdr.ScSymbol(name), Args: args}}
}
