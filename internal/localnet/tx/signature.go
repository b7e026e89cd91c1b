package tx

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// maxWeight is the most that a single signer counts.
const maxWeight = 255

// maxVerifications bounds how many ed25519 signatures a node verifies for one envelope that is handed in (stellar-core, TX_ED25519_VERIFY_BUDGET).
const maxVerifications = 1000

// checker weighs the signatures of one envelope. It remembers which were needed: a transaction must not carry others.
type checker struct {
	hash       xdr.Hash
	signatures []xdr.DecoratedSignature
	used       []bool
	proofs     *proofs
	left       int // verifications, below zero without end
}

// newChecker weighs signatures of hash that f carries. What is applied may take any number of verifications until protocol 28.
func newChecker(f *Frame, hash xdr.Hash, signatures []xdr.DecoratedSignature, applying bool) *checker {
	c := &checker{hash: hash, signatures: signatures, used: make([]bool, len(signatures)), proofs: &f.proofs, left: maxVerifications}
	if applying {
		c.left = -1
	}
	return c
}

// enough tells whether the signers that have signed weigh as much as needed; one is needed even for 0.
func (c *checker) enough(signers []xdr.Signer, needed int) bool {
	total := 0
	left := slices.Clone(signers)
	for _, s := range left {
		if s.Key.Type == xdr.SignerKeyTypeSignerKeyTypePreAuthTx && *s.Key.PreAuthTx == xdr.Uint256(c.hash) {
			if total += min(int(s.Weight), maxWeight); total >= needed {
				return true
			}
		}
	}
	for _, kind := range []xdr.SignerKeyType{xdr.SignerKeyTypeSignerKeyTypeHashX, xdr.SignerKeyTypeSignerKeyTypeEd25519, xdr.SignerKeyTypeSignerKeyTypeEd25519SignedPayload} {
		for i, sig := range c.signatures {
			n := slices.IndexFunc(left, func(s xdr.Signer) bool { return s.Key.Type == kind && c.signed(sig, s.Key) })
			if n < 0 {
				continue
			}
			c.used[i] = true
			if total += min(int(left[n].Weight), maxWeight); total >= needed {
				return true
			}
			left = slices.Delete(left, n, n+1)
		}
	}
	return false
}

func (c *checker) signed(sig xdr.DecoratedSignature, key xdr.SignerKey) bool {
	switch key.Type {
	case xdr.SignerKeyTypeSignerKeyTypeHashX:
		return hint(key.HashX[:]) == sig.Hint && sha256.Sum256(sig.Signature) == [32]byte(*key.HashX)
	case xdr.SignerKeyTypeSignerKeyTypeEd25519:
		return hint(key.Ed25519[:]) == sig.Hint && c.verify(key.Ed25519, c.hash[:], sig.Signature)
	case xdr.SignerKeyTypeSignerKeyTypeEd25519SignedPayload:
		p := key.Ed25519SignedPayload
		return payloadHint(p) == sig.Hint && c.verify(&p.Ed25519, p.Payload, sig.Signature)
	}
	return false
}

// verify counts what it is asked, whether or not the answer is known already.
func (c *checker) verify(key *xdr.Uint256, message, signature []byte) bool {
	if len(signature) != ed25519.SignatureSize || c.left == 0 {
		return false
	}
	if c.left > 0 {
		c.left--
	}
	return c.proofs.verify(key, message, signature)
}

func (c *checker) allUsed() bool { return !slices.Contains(c.used, false) }

func hint(key []byte) (h xdr.SignatureHint) {
	copy(h[:], key[len(key)-len(h):])
	return h
}

// payloadHint is the key's hint XOR the payload's last bytes, a shorter payload being filled with zeros (CAP-40).
func payloadHint(p *xdr.SignerKeyEd25519SignedPayload) xdr.SignatureHint {
	h := hint(p.Ed25519[:])
	tail := p.Payload
	if len(tail) > len(h) {
		tail = tail[len(tail)-len(h):]
	}
	for i, b := range tail {
		h[i] ^= b
	}
	return h
}

// signersOf lists who may sign for an account: its own key, unless its weight is 0, and those that were added.
func signersOf(a *xdr.AccountEntry) []xdr.Signer {
	var list []xdr.Signer
	if w := a.Thresholds[0]; w > 0 {
		list = append(list, xdr.Signer{Key: accountSigner(a.AccountId), Weight: xdr.Uint32(w)})
	}
	return append(list, a.Signers...)
}

func accountSigner(id xdr.AccountId) xdr.SignerKey {
	key := *id.Ed25519
	return xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypeEd25519, Ed25519: &key}
}

func preAuthSigner(hash xdr.Hash) xdr.SignerKey {
	key := xdr.Uint256(hash)
	return xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypePreAuthTx, PreAuthTx: &key}
}

// findSigner returns where key is among the sorted signers, or where it belongs.
func findSigner(signers []xdr.Signer, key xdr.SignerKey) (int, bool) {
	want := encode(key)
	return slices.BinarySearchFunc(signers, want, func(s xdr.Signer, k []byte) int { return bytes.Compare(encode(s.Key), k) })
}
