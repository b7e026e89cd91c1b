package stellar

import (
	"fmt"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// WasmHash is how the network names uploaded code: its SHA-256.
func WasmHash(wasm []byte) Hash { return hashBytes(wasm) }

// Upload is an unsigned transaction that stores a contract's code on the network. Uploading what is there already changes nothing.
func Upload(e Envelope, wasm []byte) (Transaction, error) {
	code := append([]byte(nil), wasm...)
	return hostFunction(e, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &code})
}

// Create is an unsigned transaction that makes a contract of uploaded code, at the address that ContractID gives, and runs its
// constructor with args. The deployer authorises it; if it is the source of the transaction, by its signature on that.
func Create(e Envelope, deployer Address, salt [32]byte, code Hash, args []xdr.ScVal) (Transaction, error) {
	wasm := xdr.Hash(code)
	return hostFunction(e, xdr.HostFunction{
		Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2,
		CreateContractV2: &xdr.CreateContractArgsV2{
			ContractIdPreimage: deployedBy(deployer, salt),
			Executable:         xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &wasm},
			ConstructorArgs:    args,
		},
	})
}

// CreateAsset is an unsigned transaction that makes the built-in contract of an asset, which anyone may do once, at the address that
// AssetContract gives.
func CreateAsset(e Envelope, asset xdr.Asset) (Transaction, error) {
	return hostFunction(e, xdr.HostFunction{
		Type: xdr.HostFunctionTypeHostFunctionTypeCreateContract,
		CreateContract: &xdr.CreateContractArgs{
			ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAsset, FromAsset: &asset},
			Executable:         xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableStellarAsset},
		},
	})
}

func deployedBy(deployer Address, salt [32]byte) xdr.ContractIdPreimage {
	return xdr.ContractIdPreimage{
		Type:        xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
		FromAddress: &xdr.ContractIdPreimageFromAddress{Address: deployer.ScAddress(), Salt: salt},
	}
}

// ContractID is the address of a contract that deployer creates with salt: known before it exists, and of nobody else.
func ContractID(n Network, deployer Address, salt [32]byte) (Address, error) {
	id, err := hashXDR(xdr.HashIdPreimage{
		Type:       xdr.EnvelopeTypeEnvelopeTypeContractId,
		ContractId: &xdr.HashIdPreimageContractId{NetworkId: n.id, ContractIdPreimage: deployedBy(deployer, salt)},
	})
	if err != nil {
		return Address{}, fmt.Errorf("address of a contract by %s: %w", deployer, err)
	}
	return Address{Contract: true, Key: id}, nil
}

// rulebookSetting is where the escrow keeps the address of its rulebook in its instance (contract.md "Storage").
const rulebookSetting = 8

// Rulebook is the address of the contract that an escrow asks, from its instance; false if this is no instance of an escrow.
func Rulebook(instance xdr.ScContractInstance) (Address, bool) {
	if instance.Storage == nil {
		return Address{}, false
	}
	for _, e := range *instance.Storage {
		number, isNumber := e.Key.GetU32()
		if address, ok := e.Val.GetAddress(); ok && isNumber && number == rulebookSetting {
			a, err := binding.AddressFrom(address)
			return a, err == nil
		}
	}
	return Address{}, false
}

// ParseAsset reads `CODE:ISSUER`, or `native` for XLM.
func ParseAsset(s string) (xdr.Asset, error) {
	if s == "native" {
		return xdr.MustNewNativeAsset(), nil
	}
	code, issuer, ok := strings.Cut(s, ":")
	if !ok {
		return xdr.Asset{}, fmt.Errorf("asset %.60q: neither CODE:ISSUER nor native", s)
	}
	if _, err := ParseAccount(issuer); err != nil {
		return xdr.Asset{}, fmt.Errorf("issuer of asset %q: %w", code, err)
	}
	if !xdr.ValidAssetCode.MatchString(code) {
		return xdr.Asset{}, fmt.Errorf("asset %.60q: a code has 1 to 12 letters and digits", s)
	}
	asset, err := xdr.NewCreditAsset(code, issuer)
	if err != nil {
		return xdr.Asset{}, fmt.Errorf("asset %q: %w", s, err)
	}
	return asset, nil
}

// AssetContract is the address of an asset's built-in contract on a network, whether or not it has been made there.
func AssetContract(n Network, asset xdr.Asset) (Address, error) {
	id, err := asset.ContractID(n.passphrase)
	if err != nil {
		return Address{}, fmt.Errorf("address of the contract of %s: %w", asset.StringCanonical(), err)
	}
	return Address{Contract: true, Key: id}, nil
}

// InstanceKey is the ledger key of a contract's instance, CodeKey that of its code: what ExtendTTL is called with.
func InstanceKey(contract Address) xdr.LedgerKey {
	return dataKey(contract, xdr.ScVal{Type: xdr.ScValTypeScvLedgerKeyContractInstance})
}

// CodeKey is the ledger key of uploaded code.
func CodeKey(code Hash) xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractCode, ContractCode: &xdr.LedgerKeyContractCode{Hash: xdr.Hash(code)}}
}

// TradeKey is the ledger key of a trade's entry: its bare id (contract.md "Storage").
func TradeKey(contract Address, id [32]byte) xdr.LedgerKey { return dataKey(contract, scBytes(id[:])) }

// OwedKey is the ledger key of what the contract owes in an asset.
func OwedKey(contract, asset Address) xdr.LedgerKey { return dataKey(contract, asset.ScVal()) }

// AnchorKey is the ledger key of the audit log's head, which is there once one was anchored.
func AnchorKey(contract Address) xdr.LedgerKey { return dataKey(contract, scSymbol("anchor")) }

// LifetimeSettingsKey is the ledger key of the network's own settings of lifetimes (CAP-46): how long an entry may live, and what that costs.
func LifetimeSettingsKey() xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.LedgerKeyConfigSetting{
		ConfigSettingId: xdr.ConfigSettingIdConfigSettingStateArchival,
	}}
}

func dataKey(contract Address, key xdr.ScVal) xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: contract.ScAddress(), Key: key, Durability: xdr.ContractDataDurabilityPersistent,
	}}
}
