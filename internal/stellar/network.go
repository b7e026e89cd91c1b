package stellar

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// A Network is one Stellar network, named by its passphrase. Signatures, contract ids and trade ids are all bound to it. The zero value
// is no network.
type Network struct {
	passphrase string
	id         [32]byte
}

// NewNetwork names a network. It refuses an empty passphrase, and one with space around it: it would name a network that nobody runs.
func NewNetwork(passphrase string) (Network, error) {
	if passphrase == "" || strings.TrimSpace(passphrase) != passphrase {
		return Network{}, fmt.Errorf("network passphrase %q: empty, or with space around it", passphrase)
	}
	return Network{passphrase, network.ID(passphrase)}, nil
}

// Passphrase names the network in words.
func (n Network) Passphrase() string { return n.passphrase }

// ID is the SHA-256 of the passphrase.
func (n Network) ID() [32]byte { return n.id }

// Address is an account (G…) or a contract (C…); the zero value is an account that nobody can sign for.
type Address = binding.Address

// ErrAddress is what every refusal of an address wraps.
var ErrAddress = binding.ErrAddress

// ParseAddress reads the address of an account (G…) or a contract (C…). Muxed accounts (M…), secret keys and all other kinds are refused
// with an error that says which it is.
func ParseAddress(s string) (Address, error) { return binding.ParseAddress(s) }

// ErrNotAccount is returned where only an account will do: contracts have no sequence number, so they cannot send a transaction.
var ErrNotAccount = errors.New("not an account (G…)")

// ParseAccount reads the address of an account.
func ParseAccount(s string) (Address, error) {
	a, err := ParseAddress(s)
	if err != nil {
		return Address{}, err
	}
	if a.Contract {
		return Address{}, fmt.Errorf("address %s: %w", s, ErrNotAccount)
	}
	return a, nil
}

// Hash is a transaction's, a wasm's or a trade's: 32 bytes, printed as 64 lower case hex digits.
type Hash [32]byte

// ParseHash reads 64 hex digits of either case.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != hex.EncodedLen(len(h)) {
		return Hash{}, fmt.Errorf("hash of %d characters: a hash has %d hex digits", len(s), hex.EncodedLen(len(h)))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("hash %q: %w", s, err)
	}
	return h, nil
}

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText and UnmarshalText make a hash a string in JSON and a key of maps.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is ParseHash.
func (h *Hash) UnmarshalText(text []byte) (err error) {
	*h, err = ParseHash(string(text))
	return err
}

// hashXDR is the SHA-256 of what v is in XDR. Everything hashed here was built or decoded by this package, so it can be encoded.
func hashXDR(v interface{ MarshalBinary() ([]byte, error) }) (Hash, error) {
	raw, err := v.MarshalBinary()
	if err != nil {
		return Hash{}, fmt.Errorf("encode as XDR: %w", err)
	}
	return sha256.Sum256(raw), nil
}

// MaxXDR is how much XDR is read in one piece, in bytes: what the main network allows a transaction to be. Decoded, it may take a
// hundred times as much memory, so nothing larger is tried.
const MaxXDR = 132_096

// Decode reads standard base64 of XDR into what it points to, all of it and nothing beside it. what names it in errors.
func Decode(what, text string, into interface{ UnmarshalBinary([]byte) error }) error {
	if base64.StdEncoding.DecodedLen(len(text)) > MaxXDR+2 {
		return fmt.Errorf("%s: %d characters of base64, more than %d bytes of XDR can be", what, len(text), MaxXDR)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil && strings.ContainsAny(text, "\r\n") {
		err = errors.New("a line break in it") // which Go would skip and others would not
	}
	if err != nil {
		return fmt.Errorf("%s: not base64: %w", what, err)
	}
	if err := xdr.SafeUnmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: not the XDR of one: %w", what, err)
	}
	return nil
}

// Encode is standard base64 of XDR.
func Encode(v any) (string, error) {
	text, err := xdr.MarshalBase64(v)
	if err != nil {
		return "", fmt.Errorf("encode as XDR: %w", err)
	}
	return text, nil
}
