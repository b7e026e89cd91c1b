package binding

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Address is who holds a role or what an asset is: an account (G…) or a contract (C…). Every other kind of Stellar address, muxed
// accounts (M…) first of all, is refused wherever an Address is made: the contract would answer to the account below it, and the
// number in it would be lost. The zero value is the account whose key is all zeros; it can be encoded, and nobody can sign for it.
type Address struct {
	Contract bool     // a contract's id rather than an account's public key
	Key      [32]byte // the ed25519 public key, or the contract's id
}

// ErrAddress is what every refusal of an address wraps.
var ErrAddress = errors.New("not an account (G…) or contract (C…) address")

// ParseAddress reads a strkey. The error says what kind of address s is, if it is another kind.
func ParseAddress(s string) (Address, error) {
	const shown = 69 // a strkey has 56 characters, a muxed one 69; a message need not repeat a megabyte
	name := s
	if len(name) > shown {
		name = name[:shown] + "…"
	}
	if strings.HasPrefix(s, "S") {
		// Never repeat it, not even when it is mistyped: this text ends in logs and answers.
		return Address{}, fmt.Errorf("an address is expected, what was given looks like a secret key: %w; if it is one, others may know it now", ErrAddress)
	}
	// The SDK's decoder panics at text that decodes to fewer than three bytes, so only the lengths of an account, a contract or a muxed account reach it, and no
	// line ends: base32 skips them, so 56 of them decode to nothing, and some in an address would be a second spelling of it.
	const length, muxedLength = 56, 69
	if len(s) != length && len(s) != muxedLength || strings.ContainsAny(s, "\r\n") {
		return Address{}, fmt.Errorf("address %q: %w", name, ErrAddress)
	}
	version, raw, err := strkey.DecodeAny(s)
	if err != nil {
		return Address{}, fmt.Errorf("address %q: %w: %w", name, ErrAddress, err)
	}
	var a Address
	switch version {
	case strkey.VersionByteAccountID:
	case strkey.VersionByteContract:
		a.Contract = true
	case strkey.VersionByteMuxedAccount:
		return Address{}, fmt.Errorf("address %q is a muxed account: %w; use the account it stands on", name, ErrAddress)
	default:
		return Address{}, fmt.Errorf("address %q: %w", name, ErrAddress)
	}
	if len(raw) != len(a.Key) {
		return Address{}, fmt.Errorf("address %q holds %d bytes, not 32: %w", name, len(raw), ErrAddress)
	}
	copy(a.Key[:], raw)
	return a, nil
}

// AddressFrom reads an address out of XDR, refusing the kinds that ParseAddress refuses.
func AddressFrom(a xdr.ScAddress) (Address, error) {
	switch {
	case a.Type == xdr.ScAddressTypeScAddressTypeAccount && a.AccountId != nil && a.AccountId.Ed25519 != nil:
		return Address{Key: *a.AccountId.Ed25519}, nil
	case a.Type == xdr.ScAddressTypeScAddressTypeContract && a.ContractId != nil:
		return Address{Contract: true, Key: *a.ContractId}, nil
	case a.Type == xdr.ScAddressTypeScAddressTypeMuxedAccount:
		return Address{}, fmt.Errorf("a muxed account: %w", ErrAddress)
	}
	return Address{}, fmt.Errorf("an address of type %d: %w", a.Type, ErrAddress)
}

// String is the strkey: G… or C….
func (a Address) String() string {
	version := strkey.VersionByteAccountID
	if a.Contract {
		version = strkey.VersionByteContract
	}
	return strkey.MustEncode(version, a.Key[:]) // fails only for an unknown version
}

// ScAddress is the address in XDR.
func (a Address) ScAddress() xdr.ScAddress {
	if a.Contract {
		id := xdr.ContractId(a.Key)
		return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeContract, ContractId: &id}
	}
	id := a.AccountID()
	return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeAccount, AccountId: &id}
}

// AccountID is the account of that key; for a contract it is meaningless.
func (a Address) AccountID() xdr.AccountId {
	key := xdr.Uint256(a.Key)
	return xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &key}
}

// ScVal is the address as an argument.
func (a Address) ScVal() xdr.ScVal {
	addr := a.ScAddress()
	return xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &addr}
}

func fromAddress(v xdr.ScVal) (Address, error) {
	if v.Type != xdr.ScValTypeScvAddress || v.Address == nil {
		return Address{}, wrongType(v, "an address")
	}
	return AddressFrom(*v.Address)
}
