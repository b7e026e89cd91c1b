package localnet_test

import (
	"encoding/base64"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// FuzzLedgerKey: any bytes may be asked for as the key of an entry. They are refused as none, or there is no such entry, or what is found has exactly the key that
// the SDK reads, with which the real server reads too: up to two bytes behind a key it overlooks (testdata/fuzz has the case).
func FuzzLedgerKey(f *testing.F) {
	w := newAsked(f)
	for _, key := range ledgerKeys(f, w) {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 64<<10 {
			return
		}
		asked := base64.StdEncoding.EncodeToString(raw)
		w.lookUp(t, asked)
		if n := w.failures.Load(); n > 0 {
			t.Fatalf("%x: %d calls failed by the server's own fault", raw, n)
		}
	})
}

// lookUp asks for one entry, and tells whether it is there.
func (w *asked) lookUp(t *testing.T, asked string) (found bool) {
	t.Helper()
	if a := w.one(t, "getLedgerEntries", `{"keys":["`+asked+`"]}`); a.Error != nil {
		return false
	}
	var wanted xdr.LedgerKey
	if err := xdr.SafeUnmarshalBase64(asked, &wanted); err != nil {
		t.Fatalf("%s is taken for a key, and is none: %v", asked, err)
	}
	want, err := xdr.MarshalBase64(wanted)
	if err != nil {
		t.Fatal(err)
	}
	var got protocol.GetLedgerEntriesResponse
	w.mustAnswer(t, "getLedgerEntries", `{"keys":["`+asked+`"]}`, &got)
	for _, e := range got.Entries {
		var data xdr.LedgerEntryData
		if err := xdr.SafeUnmarshalBase64(e.DataXDR, &data); err != nil {
			t.Fatalf("the entry of %s: %v", asked, err)
		}
		key, err := data.LedgerKey()
		if err != nil {
			t.Fatalf("the key of what is found for %s: %v", asked, err)
		}
		if own, err := xdr.MarshalBase64(key); err != nil || own != want || e.KeyXDR != want {
			t.Errorf("asked for %s, found is %s, and says %s", asked, own, e.KeyXDR)
		}
	}
	return len(got.Entries) == 1
}

// ledgerKeys are keys of every kind; those of the first kinds are of entries that there are.
func ledgerKeys(t testing.TB, w *asked) (all [][]byte) {
	t.Helper()
	for _, text := range w.keys[:1] {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw)
	}
	_, issuer, contract := w.net.USDC()
	usdc := scval.MustContract(contract)
	account := xdr.MustAddress(issuer)
	data := func(key xdr.ScVal, durability xdr.ContractDataDurability) xdr.LedgerKey {
		return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{Contract: usdc, Key: key, Durability: durability}}
	}
	instance := xdr.ScVal{Type: xdr.ScValTypeScvLedgerKeyContractInstance}
	for _, key := range []xdr.LedgerKey{
		{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: account}},
		{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.LedgerKeyConfigSetting{ConfigSettingId: xdr.ConfigSettingIdConfigSettingStateArchival}},
		data(instance, xdr.ContractDataDurabilityPersistent),
		data(instance, xdr.ContractDataDurabilityTemporary),
		data(scval.Vec(scval.Symbol("Balance"), scval.Address(usdc)), xdr.ContractDataDurabilityPersistent),
		{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: account, Asset: xdr.MustNewCreditAsset("USDC", issuer).ToTrustLineAsset()}},
		{Type: xdr.LedgerEntryTypeContractCode, ContractCode: &xdr.LedgerKeyContractCode{}},
		{Type: xdr.LedgerEntryTypeTtl, Ttl: &xdr.LedgerKeyTtl{}},
		{Type: xdr.LedgerEntryTypeData, Data: &xdr.LedgerKeyData{AccountId: account, DataName: "x"}},
		{Type: xdr.LedgerEntryTypeOffer, Offer: &xdr.LedgerKeyOffer{SellerId: account}},
	} {
		raw, err := key.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}

// TestLedgerKeySeeds: of the keys that the fuzzer begins with, those of the accounts, the settings and the contract's instance are found, and no other.
func TestLedgerKeySeeds(t *testing.T) {
	w := newAsked(t)
	const there = 4
	for i, raw := range ledgerKeys(t, w) {
		if found := w.lookUp(t, base64.StdEncoding.EncodeToString(raw)); found != (i < there) {
			t.Errorf("key %d (%x) is found: %v", i, raw, found)
		}
	}
}
