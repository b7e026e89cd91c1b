package stellar

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

func hashBytes(b []byte) Hash { return sha256.Sum256(b) }

// A Key signs for one account. *keypair.Full is one; so is anything that asks a person or a device.
type Key interface {
	Address() string                     // G…
	Sign(payload []byte) ([]byte, error) // ed25519
}

// ErrAuth is what every refusal to sign an authorisation wraps.
var ErrAuth = errors.New("authorisation cannot be signed")

// IsSigned tells whether an authorisation needs no further signature: one of the transaction's source is valid by the signature on the
// transaction, any other by a signature of its own.
func IsSigned(entry xdr.SorobanAuthorizationEntry) bool {
	c, err := addressCredentials(entry.Credentials)
	return err != nil || c.Signature.Type != xdr.ScValTypeScvVoid
}

// AuthPayload is what the signer of an authorisation signs: it binds the network, the tree, the nonce and the last ledger in which the
// signature counts. The signature that stands in entry has no part in it.
func AuthPayload(n Network, entry xdr.SorobanAuthorizationEntry) (Hash, error) {
	c, err := addressCredentials(entry.Credentials)
	if err != nil {
		return Hash{}, fmt.Errorf("%w: %w", ErrAuth, err)
	}
	if entry.Credentials.Type == xdr.SorobanCredentialsTypeSorobanCredentialsAddressV2 {
		return hashXDR(xdr.HashIdPreimage{
			Type: xdr.EnvelopeTypeEnvelopeTypeSorobanAuthorizationWithAddress,
			SorobanAuthorizationWithAddress: &xdr.HashIdPreimageSorobanAuthorizationWithAddress{
				NetworkId: n.id, Nonce: c.Nonce, SignatureExpirationLedger: c.SignatureExpirationLedger,
				Address: c.Address, Invocation: entry.RootInvocation,
			},
		})
	}
	return hashXDR(xdr.HashIdPreimage{
		Type: xdr.EnvelopeTypeEnvelopeTypeSorobanAuthorization,
		SorobanAuthorization: &xdr.HashIdPreimageSorobanAuthorization{
			NetworkId: n.id, Nonce: c.Nonce, SignatureExpirationLedger: c.SignatureExpirationLedger, Invocation: entry.RootInvocation,
		},
	})
}

// WithExpiry is the entry with the last ledger in which its signature will count, and without any signature it had: that one was for
// another ledger. An authorisation of the transaction's source is returned as it is.
func WithExpiry(entry xdr.SorobanAuthorizationEntry, lastLedger uint32) xdr.SorobanAuthorizationEntry {
	c, err := addressCredentials(entry.Credentials)
	if err != nil {
		return entry
	}
	fresh := *c
	fresh.SignatureExpirationLedger = xdr.Uint32(lastLedger)
	fresh.Signature = xdr.ScVal{Type: xdr.ScValTypeScvVoid}
	return withCredentials(entry, fresh)
}

// SignAuth is the entry signed by an account's own key, for use up to and including lastLedger. Check the tree first: this signs whatever
// stands in it. It refuses (ErrAuth) an entry of another account, of a contract (its signature has the form that contract wants) or of the
// transaction's source. An account whose master key may not sign alone needs its signers' own tools.
func SignAuth(n Network, entry xdr.SorobanAuthorizationEntry, lastLedger uint32, key Key) (xdr.SorobanAuthorizationEntry, error) {
	none := xdr.SorobanAuthorizationEntry{}
	signer, err := ParseAccount(key.Address())
	if err != nil {
		return none, fmt.Errorf("%w: key: %w", ErrAuth, err)
	}
	c, err := addressCredentials(entry.Credentials)
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrAuth, err)
	}
	if !sameXDR(c.Address, signer.ScAddress()) {
		whose, _ := c.Address.String()
		return none, fmt.Errorf("%w: it is one of %s, the key is of %s", ErrAuth, whose, signer)
	}
	entry = WithExpiry(entry, lastLedger)
	payload, err := AuthPayload(n, entry)
	if err != nil {
		return none, err
	}
	signature, err := key.Sign(payload[:])
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrAuth, err)
	}
	return AttachSignature(entry, signer, signature)
}

// AttachSignature is the entry with an ed25519 signature that was made elsewhere over its AuthPayload, in the form the network wants for
// an account: a list with one map of public_key and signature.
func AttachSignature(entry xdr.SorobanAuthorizationEntry, signer Address, signature []byte) (xdr.SorobanAuthorizationEntry, error) {
	c, err := addressCredentials(entry.Credentials)
	if err != nil {
		return xdr.SorobanAuthorizationEntry{}, fmt.Errorf("%w: %w", ErrAuth, err)
	}
	signed := *c
	list := &xdr.ScVec{scMap("public_key", scBytes(signer.Key[:]), "signature", scBytes(signature))}
	signed.Signature = xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &list}
	return withCredentials(entry, signed), nil
}

// withCredentials replaces what stands behind the entry's pointer, so that the caller's entry stays as it was.
func withCredentials(entry xdr.SorobanAuthorizationEntry, c xdr.SorobanAddressCredentials) xdr.SorobanAuthorizationEntry {
	if entry.Credentials.Type == xdr.SorobanCredentialsTypeSorobanCredentialsAddressV2 {
		entry.Credentials.AddressV2 = &c
	} else {
		entry.Credentials.Address = &c
	}
	return entry
}

func scBytes(b []byte) xdr.ScVal {
	v := xdr.ScBytes(b)
	return xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &v}
}

func scSymbol(s string) xdr.ScVal {
	v := xdr.ScSymbol(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
}

// scMap takes two fields in the order of their names.
func scMap(name1 string, v1 xdr.ScVal, name2 string, v2 xdr.ScVal) xdr.ScVal {
	m := &xdr.ScMap{{Key: scSymbol(name1), Val: v1}, {Key: scSymbol(name2), Val: v2}}
	return xdr.ScVal{Type: xdr.ScValTypeScvMap, Map: &m}
}
