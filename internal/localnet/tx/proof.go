package tx

import (
	"crypto/ed25519"
	"crypto/sha256"
	"sync"

	"filippo.io/edwards25519"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// proofs remembers what is known of a transaction's signatures: it is looked at when it is handed in, when its ledger begins and when it is applied, for
// itself and for each operation, and to check a signature takes longer than all else of that. Any number of goroutines may use it.
type proofs struct {
	mu    sync.Mutex
	known map[proof]bool
}

// proof is a question about a signature: its answer does not change.
type proof struct {
	key, message [32]byte // of the message, SHA-256
	signature    [ed25519.SignatureSize]byte
}

// maxProofs bounds what is remembered: twenty signatures, each by an account's own key and twenty more signers. What comes after is checked each time.
const maxProofs = 20 * 21

// verify tells whether signature is key's, of message.
func (p *proofs) verify(key *xdr.Uint256, message, signature []byte) bool {
	if len(signature) != ed25519.SignatureSize {
		return false
	}
	q := proof{key: *key, message: sha256.Sum256(message), signature: [ed25519.SignatureSize]byte(signature)}
	p.mu.Lock()
	right, known := p.known[q]
	p.mu.Unlock()
	if known {
		return right
	}
	right = !smallOrder(key[:]) && !smallOrder(signature[:32]) && ed25519.Verify(key[:], message, signature)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[proof]bool{}
	}
	if len(p.known) < maxProofs {
		p.known[q] = right
	}
	return right
}

// smallOrder tells whether a point is one of the eight of small order. A key that is one signs whatever anybody likes: nodes refuse it, and a signature that
// begins with one (stellar-core, ed25519_verify.rs, as verify_strict and libsodium do); RFC 8032, and Go's library, do not ask.
func smallOrder(point []byte) bool {
	p, err := new(edwards25519.Point).SetBytes(point)
	return err == nil && p.MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1
}
