package stellar_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Known addresses of the public network: derived, not looked up.
func TestContractAddresses(t *testing.T) {
	public := mustNetwork("Public Global Stellar Network ; September 2015")
	for asset, want := range map[string]string{
		"native": "CAS3J7GYLGXMF6TDJBBYYSE3HQ6BBSMLNUQ34T6TZMYMW2EVH34XOWMA",
		"USDC:GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN": "CCW67TSZV3SSS2HXMBQ5JFGCKJNXKZM7UQUWUZPUTHXSTZLEO7SJMI75",
	} {
		a, err := stellar.ParseAsset(asset)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := stellar.AssetContract(public, a); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v; want %s", asset, got, err, want)
		}
	}
	_, deployer := key(t, 1)
	seen := map[stellar.Address]bool{}
	for _, n := range []stellar.Network{public, network} {
		for _, salt := range [][32]byte{{}, {1}} {
			id, err := stellar.ContractID(n, deployer, salt)
			if err != nil || !id.Contract || seen[id] {
				t.Errorf("contract %s, %v", id, err)
			}
			seen[id] = true
		}
	}
	for _, bad := range []string{"", "USDC", "USDC:", ":GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN", "USDC:" + contract.String(), "A B:" + deployer.String()} {
		if a, err := stellar.ParseAsset(bad); err == nil {
			t.Errorf("asset %q was read as %v", bad, a)
		}
	}
}

func TestNamesOfThings(t *testing.T) {
	for _, bad := range []string{"", " ", "Test SDF Network ; September 2015\n"} {
		if _, err := stellar.NewNetwork(bad); err == nil {
			t.Errorf("network %q is taken", bad)
		}
	}
	if _, err := stellar.ParseAccount(contract.String()); !errors.Is(err, stellar.ErrNotAccount) {
		t.Errorf("a contract as account: %v", err)
	}
	h := stellar.WasmHash([]byte("wasm"))
	if back, err := stellar.ParseHash(strings.ToUpper(h.String())); err != nil || back != h {
		t.Errorf("%s was read as %s, %v", h, back, err)
	}
	for _, bad := range []string{"", "00", strings.Repeat("g", 64), h.String() + "00"} {
		if _, err := stellar.ParseHash(bad); err == nil {
			t.Errorf("hash %q is taken", bad)
		}
	}
}

// FuzzAddress: an address that is taken prints as what was read.
func FuzzAddress(f *testing.F) {
	f.Add(contract.String())
	f.Add("GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN")
	f.Add("MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK")
	f.Add(strings.Repeat("\n", 13) + contract.String()) // as long as a muxed one
	f.Fuzz(func(t *testing.T, s string) {
		a, err := stellar.ParseAddress(s)
		if err == nil && a.String() != s {
			t.Errorf("%q was read as %s", s, a)
		}
	})
}
