package localnet_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// What a simulation gives is good some ledgers later, too, as long as nobody has used it up: the client may have been slow, time may have
// moved, and others may have paid from and to the same accounts meanwhile, and used the same contract. (A signed entry lives for 100
// ledgers, by the client's choice.)
func TestSimulationHoldsLater(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	_, _, contract := n.USDC()
	usdc := scval.MustContract(contract)
	xlm, err := xdr.MustNewNativeAsset().ContractID(s.passphrase)
	if err != nil {
		t.Fatal(err)
	}
	lumens := xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeContract, ContractId: (*xdr.ContractId)(&xlm)}
	deployer, buyer, seller, busy := s.account(), s.holder(n, "1000"), s.holder(n, "1000"), s.holder(n, "1000")
	native := xdr.MustNewNativeAsset()
	s.call(deployer, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContract, CreateContract: &xdr.CreateContractArgs{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAsset, FromAsset: &native},
		Executable:         xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableStellarAsset}}})
	probe := s.probe(deployer)
	val := func(k *keypair.Full) xdr.ScVal { return scval.Address(accountAddress(k)) }
	transfer := func(from, to *keypair.Full) xdr.HostFunction {
		return scval.Call(usdc, "transfer", val(from), val(to), scval.I128(1_0000000))
	}
	pay := scval.Call(probe, "pay", scval.Address(usdc), val(buyer), val(seller), scval.I128(1))

	var kept uint32
	kinds := []struct {
		name    string
		source  func() *keypair.Full
		fn      func() xdr.HostFunction
		signers []*keypair.Full
	}{
		{"by the source", func() *keypair.Full { return buyer }, func() xdr.HostFunction { return transfer(buyer, seller) }, nil},
		{"by a signed entry", func() *keypair.Full { return deployer }, func() xdr.HostFunction { return transfer(buyer, seller) }, []*keypair.Full{buyer}},
		{"by a signed entry, as an account's first", s.account, func() xdr.HostFunction { return transfer(seller, buyer) }, []*keypair.Full{seller}},
		{"through a contract", func() *keypair.Full { return buyer }, func() xdr.HostFunction { return pay }, nil},
		{"through a contract by a signed entry", func() *keypair.Full { return deployer }, func() xdr.HostFunction { return pay }, []*keypair.Full{buyer}},
		{"of lumens", func() *keypair.Full { return buyer }, func() xdr.HostFunction {
			return scval.Call(lumens, "transfer", val(buyer), val(seller), scval.I128(1))
		}, nil},
		{"of lumens, as an account's first", s.account, nil, nil},
		{"counting", func() *keypair.Full { return deployer }, func() xdr.HostFunction { return scval.Call(probe, "count", val(deployer)) }, nil},
		{"a new entry", func() *keypair.Full { return deployer }, func() xdr.HostFunction {
			kept++
			return scval.Call(probe, "keep", scval.U32(kept), scval.Bytes(make([]byte, 100)))
		}, nil},
		{"an entry again", func() *keypair.Full { return deployer }, func() xdr.HostFunction {
			return scval.Call(probe, "keep", scval.U32(1), scval.Bytes(make([]byte, 100)))
		}, nil},
	}
	for _, delay := range []time.Duration{0, 4 * time.Second, 5 * time.Second, 61 * time.Second, 7 * time.Minute, time.Hour, 26 * time.Hour} {
		for _, k := range kinds {
			if len(k.signers) > 0 && delay > 7*time.Minute {
				continue
			}
			source := k.source()
			fn := scval.Call(lumens, "transfer", val(source), val(seller), scval.I128(1))
			if k.fn != nil {
				fn = k.fn()
			}
			tx := s.prepare(source, fn, k.signers...)
			if len(k.signers) > 0 && rand.N(2) == 0 {
				tx = s.prepareAgain(source, tx)
			}
			var others sync.WaitGroup
			others.Go(func() { s.call(busy, transfer(busy, seller)) })
			others.Go(func() { s.call(seller, transfer(seller, buyer)) })
			if rand.N(2) == 0 { // before it or beside it
				others.Wait()
			}
			if _, err := n.Advance(delay); err != nil {
				t.Fatal(err)
			}
			if res := s.send(tx); res.Status != protocol.TransactionStatusSuccess {
				t.Errorf("%s, %s after its simulation: %s %s %v", k.name, delay, res.Status, res.ResultXDR, s.diagnostics(res.DiagnosticEventsXDR))
			}
			others.Wait()
		}
	}
}
