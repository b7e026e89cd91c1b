package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

const (
	usdcCode = "USDC"
	// friendbotLumens and issuerLumens are what the two accounts of the network begin with.
	friendbotLumens = "10000000000"
	issuerLumens    = "1000000"
	// genesisLedgers is how many ledgers begin does, a second apart, the last one now.
	genesisLedgers = 3
)

// begin makes the ledgers that every network starts with, as far as a data folder does not have them: the settings (ledger 2, an
// upgrade, as on real networks), the accounts of friendbot and of the issuer of USDC (3), the asset contract (4).
func (n *Node) begin(ctx context.Context) (err error) {
	birth := n.Now().Unix()
	if last := n.chain.Last(); last.Sequence() < ledger.FirstLedger {
		if err := n.install(birth - genesisLedgers + 1); err != nil {
			return fmt.Errorf("install the network's settings: %w", err)
		}
	}
	view := n.chain.View()
	n.closing, err = n.hosts.make(ctx, view)
	view.Close()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what  string
		after uint32
		make  func(context.Context) (*tx.Frame, error)
	}{
		{"create the accounts of friendbot and of the issuer of USDC", ledger.FirstLedger, n.createAccounts},
		{"create the asset contract of USDC", ledger.FirstLedger + 1, n.createAssetContract},
	} {
		if n.chain.Last().Sequence() != step.after {
			continue
		}
		f, err := step.make(ctx)
		if err == nil {
			err = n.closeFirst(ctx, f, birth-genesisLedgers+int64(step.after))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// install puts the settings into ledger 2.
func (n *Node) install(unix int64) error {
	view := n.chain.View()
	defer view.Close()
	set := ledger.TxSet(view.Last.Hash, nil, nil)
	header := ledger.Next(view.Last, set, unix)
	d := ledger.NewDelta(view, uint32(header.LedgerSeq))
	for _, e := range n.set.Entries {
		d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &e})
	}
	content, err := (&xdr.ConfigUpgradeSet{UpdatedEntry: n.set.Entries}).MarshalBinary()
	if err != nil {
		return err
	}
	upgrade := xdr.LedgerUpgrade{Type: xdr.LedgerUpgradeTypeLedgerUpgradeConfig,
		NewConfig: &xdr.ConfigUpgradeSetKey{ContentHash: sha256.Sum256(content)}}
	raw, err := upgrade.MarshalBinary()
	if err != nil {
		return err
	}
	header.ScpValue.Upgrades = []xdr.UpgradeType{raw}
	return n.store(header, set, nil, nil, d, []xdr.UpgradeEntryMeta{{Upgrade: upgrade, Changes: d.Meta()}})
}

// closeFirst closes a ledger with one transaction of the network's own, which must not fail.
func (n *Node) closeFirst(ctx context.Context, f *tx.Frame, unix int64) error {
	view := n.chain.View()
	defer view.Close()
	l := n.ledgerAfter(view.Last, unix)
	if v, err := tx.Check(ctx, l, view, f); err != nil || !v.Valid {
		return errors.Join(err, &Invalid{StatusError, v})
	}
	outcomes, err := n.closeLedger(ctx, view, l, []*tx.Frame{f})
	if err != nil {
		return err
	}
	if o := outcomes[f.Hash]; !o.Successful() {
		return fmt.Errorf("it failed: %s", resultText(o.Result))
	}
	return nil
}

func (n *Node) createAccounts(context.Context) (*tx.Frame, error) {
	root := keypair.Root(n.opts.Passphrase)
	// Revocable, as the real USDC: an issuer that can freeze a holder is what contracts have to live with.
	return n.frame(root, 0, []*keypair.Full{root, n.keys.issuer},
		&txnbuild.CreateAccount{Destination: n.keys.friendbot.Address(), Amount: friendbotLumens},
		&txnbuild.CreateAccount{Destination: n.keys.issuer.Address(), Amount: issuerLumens},
		&txnbuild.SetOptions{SourceAccount: n.keys.issuer.Address(), SetFlags: []txnbuild.AccountFlag{txnbuild.AuthRevocable}})
}

func (n *Node) createAssetContract(ctx context.Context) (*tx.Frame, error) {
	asset := n.usdc()
	fn := xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContract, CreateContract: &xdr.CreateContractArgs{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAsset, FromAsset: &asset},
		Executable:         xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableStellarAsset}}}
	view := n.chain.View()
	defer view.Close()
	seed, err := n.Seed()
	if err != nil {
		return nil, err
	}
	n.closing.reader = view
	source := xdr.MustAddress(n.keys.issuer.Address())
	sim, err := n.closing.Simulate(ctx, host.SimulateRequest{Info: n.ledgerAfter(view.Last, 0).Info(), Seed: seed, Source: source, Function: fn})
	if err != nil {
		return nil, err
	}
	if sim.Failure != nil {
		return nil, errors.New(sim.Failure.Text)
	}
	seq := int64(accountSequence(view, source))
	return n.frame(n.keys.issuer, seq, []*keypair.Full{n.keys.issuer}, &txnbuild.InvokeHostFunction{HostFunction: fn,
		Ext: xdr.TransactionExt{V: 1, SorobanData: sim.Data}})
}

func accountSequence(r ledger.Reader, id xdr.AccountId) xdr.SequenceNumber {
	raw, ok := r.Get(ledger.AccountKey(id))
	if !ok {
		return 0
	}
	return ledger.Decode(raw).Data.Account.SeqNum
}

// frame builds and signs a transaction of the network's own, without time bounds.
func (n *Node) frame(source *keypair.Full, sequence int64, signers []*keypair.Full, ops ...txnbuild.Operation) (*tx.Frame, error) {
	t, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount:        &txnbuild.SimpleAccount{AccountID: source.Address(), Sequence: sequence},
		IncrementSequenceNum: true, Operations: ops, BaseFee: txnbuild.MinBaseFee,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	if err != nil {
		return nil, err
	}
	if t, err = t.Sign(n.opts.Passphrase, signers...); err != nil {
		return nil, err
	}
	return tx.Parse(t.ToXDR(), n.opts.Passphrase)
}
