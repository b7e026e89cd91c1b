package lockstep

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// contracts are people whose address is a contract's, in every world: one who buys and sells, and one on each panel. Whoever has their key signs for them, by their
// __check_auth; what they hold of the network's asset is an entry of its contract, not a trustline; and what they are can be archived.
var contracts = []string{"carol", "arb2", "jud1"}

func isContract(who string) bool { return slices.Contains(contracts, who) }

const (
	// probePath is a contract that is an account: its __check_auth takes a signature by the key that sign_by has named.
	probePath = "../../internal/localnet/host/testdata/probe.wasm"
	probeHash = probePath + ".sha256"
)

// makeContracts makes those people, once for a network.
func (n *network) makeContracts() error {
	code, err := os.ReadFile(probePath)
	if err != nil {
		return err
	}
	recorded, err := os.ReadFile(probeHash)
	if err != nil {
		return err
	}
	n.probe = stellar.WasmHash(code)
	if got, want := hex.EncodeToString(n.probe[:]), strings.Fields(string(recorded)); len(want) == 0 || got != want[0] {
		return fmt.Errorf("%s has the hash %s, recorded is %q", probePath, got, want)
	}
	from := n.keys[payer]
	if err := n.prepared(from, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &code}); err != nil {
		return fmt.Errorf("upload an account that is a contract: %w", err)
	}
	hash, owner := xdr.Hash(n.probe), addressOf(from)
	for i, who := range contracts {
		salt := [32]byte{byte(i + 1)}
		if n.addresses[who], err = stellar.ContractID(n.name, owner, salt); err != nil {
			return err
		}
		err = n.later(func() error {
			return n.prepared(from, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
				ContractIdPreimage: xdr.ContractIdPreimage{
					Type:        xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
					FromAddress: &xdr.ContractIdPreimageFromAddress{Address: owner.ScAddress(), Salt: salt},
				},
				Executable:      xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash},
				ConstructorArgs: []xdr.ScVal{owner.ScVal(), scval.U32(0)},
			}})
		})
		if err == nil {
			public := strkey.MustDecode(strkey.VersionByteAccountID, n.keys[who].Address())
			err = n.later(func() error {
				return n.prepared(from, scval.Call(n.addresses[who].ScAddress(), "sign_by", scval.Bytes(public)))
			})
		}
		if err != nil {
			return fmt.Errorf("make %s a contract: %w", who, err)
		}
	}
	return nil
}

// signedBy is an authorisation signed as the account, or the contract, that has to sign wants it; until is the last ledger in which it counts.
func (s *site) signedBy(who string, entry xdr.SorobanAuthorizationEntry, until uint32, keys map[ledger.Key]bool) (xdr.SorobanAuthorizationEntry, error) {
	key := s.keys[who]
	if !isContract(who) {
		keys[ledger.AccountKey(xdr.MustAddress(key.Address()))] = false // who may sign for it stands there
		return stellar.SignAuth(s.name, entry, until, key)
	}
	keys[ledger.KeyOf(stellar.InstanceKey(s.address(who)))] = false
	keys[ledger.KeyOf(stellar.CodeKey(s.probe))] = false
	entry = stellar.WithExpiry(entry, until)
	payload, err := stellar.AuthPayload(s.name, entry)
	if err != nil {
		return entry, err
	}
	signature, err := key.Sign(payload[:])
	if err != nil {
		return entry, err
	}
	signed := *entry.Credentials.Address
	signed.Signature = scval.Bytes(signature)
	entry.Credentials.Address = &signed
	return entry, nil
}
