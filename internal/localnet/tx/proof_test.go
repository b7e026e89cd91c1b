package tx

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"testing"

	"filippo.io/edwards25519"
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

// Who knows no secret signs for a key of small order: those signatures pass Go's check, and no node's. So does a signature whose first half is such a point,
// made by who knows the key.
func TestPointsOfSmallOrder(t *testing.T) {
	identity := edwards25519.NewIdentityPoint().Bytes()
	// R = S·B, with S 0 and 1: right for every message of whose hash the key's point makes nothing.
	nothing, one := make([]byte, 32), append([]byte{1}, make([]byte, 31)...)
	forged := [][]byte{append(append([]byte{}, identity...), nothing...), append(edwards25519.NewGeneratorPoint().Bytes(), one...)}
	for _, text := range []string{ // the eight points; libsodium's ge25519_has_small_order has the same
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // the first again, and the third, as numbers of the field that are too large
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for s, signature := range forged {
			key, n := xdr.Uint256(raw), 0
			for i := range 100 {
				message := fmt.Appendf(nil, "message %d", i)
				if !ed25519.Verify(raw, message, signature) {
					continue
				}
				n++
				if (&proofs{}).verify(&key, message, signature) {
					t.Fatalf("%s, S is %d: signed by nobody", text, s)
				}
			}
			if n == 0 {
				t.Errorf("%s, S is %d: of a hundred messages none passes Go's check: nothing was tried", text, s)
			}
		}
	}

	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	key, message := xdr.Uint256(private.Public().(ed25519.PublicKey)), []byte("message")
	secret, half := sha512.Sum512(private.Seed()), sha512.Sum512(append(append(append([]byte{}, identity...), key[:]...), message...))
	a, err := edwards25519.NewScalar().SetBytesWithClamping(secret[:32])
	if err != nil {
		t.Fatal(err)
	}
	k, err := edwards25519.NewScalar().SetUniformBytes(half[:])
	if err != nil {
		t.Fatal(err)
	}
	odd := append(append([]byte{}, identity...), k.Multiply(k, a).Bytes()...)
	if !ed25519.Verify(key[:], message, odd) {
		t.Fatal("the signature whose first half is the identity does not pass Go's check: nothing was tried")
	}
	if (&proofs{}).verify(&key, message, odd) {
		t.Error("a signature is taken whose first half is the identity")
	}
}
