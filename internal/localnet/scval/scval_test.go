package scval_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// Every value survives its encoding, which a union with the wrong arm does not, and reads as what it was made of.
func TestValues(t *testing.T) {
	const contract = "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSC4"
	const account = "GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF"
	for _, c := range []struct {
		v    xdr.ScVal
		want string
	}{
		{scval.U32(math.MaxUint32), "4294967295"},
		{scval.U64(math.MaxUint64), "18446744073709551615"},
		{scval.String("words, many"), "words, many"},
		{scval.Symbol("amount"), "amount"},
		{scval.Bytes([]byte{0, 0xff}), "00ff"},
		{scval.Address(scval.Account(xdr.MustAddress(account))), account},
		{scval.Address(scval.MustContract(contract)), contract},
		{scval.Vec(scval.U32(1), scval.Symbol("b")), "[1 b]"},
		{scval.Map(scval.Pair{Key: "a", Value: scval.U32(2)}), "[{a 2}]"},
	} {
		raw, err := c.v.MarshalBinary()
		if err != nil {
			t.Fatalf("%s: %v", c.want, err)
		}
		var back xdr.ScVal
		if err := back.UnmarshalBinary(raw); err != nil || back.String() != c.want {
			t.Errorf("got %s, want %s: %v", back.String(), c.want, err)
		}
	}
	for _, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		if got, want := amount.String128Raw(*scval.I128(n).I128), strconv.FormatInt(n, 10); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
