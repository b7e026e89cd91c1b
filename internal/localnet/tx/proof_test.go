package tx

import (
	"crypto/ed25519"
	"fmt"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// What is remembered of one signature is no answer about another: not of its key, its message or itself.
func TestProofs(t *testing.T) {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	key := xdr.Uint256(private.Public().(ed25519.PublicKey))
	other := key
	other[0]++
	good := ed25519.Sign(private, []byte("message"))
	changed := append([]byte(nil), good...)
	changed[0]++
	p := &proofs{}
	for round := range 3 {
		for _, c := range []struct {
			name      string
			key       xdr.Uint256
			message   string
			signature []byte
			want      bool
		}{
			{"the signature", key, "message", good, true},
			{"of another message", key, "massage", good, false},
			{"by another key", other, "message", good, false},
			{"another signature", key, "message", changed, false},
			{"half of it", key, "message", good[:32], false},
			{"none", key, "message", nil, false},
		} {
			if got := p.verify(&c.key, []byte(c.message), c.signature); got != c.want {
				t.Errorf("round %d, %s: got %v, want %v", round, c.name, got, c.want)
			}
		}
	}
	if len(p.known) != 4 {
		t.Errorf("%d signatures are remembered, want 4", len(p.known))
	}
	for i := range 2 * maxProofs {
		message := fmt.Appendf(nil, "message %d", i)
		if !p.verify(&key, message, ed25519.Sign(private, message)) {
			t.Fatalf("signature %d is refused", i)
		}
	}
	if len(p.known) > maxProofs {
		t.Errorf("%d signatures are remembered, at most %d are to be", len(p.known), maxProofs)
	}
}
