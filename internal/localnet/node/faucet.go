package node

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// FriendbotLumens is what friendbot gives to a new account, in whole lumens.
const FriendbotLumens = 10_000

var (
	// ErrFunded is friendbot's answer about an account that exists already. SDKs look for the code in its text.
	ErrFunded = errors.New("account already funded: createAccountAlreadyExist")
	// errAddress does not repeat what was given: it may be a secret key in the wrong place.
	errAddress = errors.New("that is no account address (G and 55 characters more)")
	// ErrNoTrustline is the answer when USDC is asked for by an account that does not hold it.
	ErrNoTrustline = errors.New("no trustline to USDC: send a ChangeTrust operation first")
	// ErrOverLimit is the answer when the account would hold more USDC than its trustline allows.
	ErrOverLimit = errors.New("the account's trustline would be over its limit: ask for less, or raise the limit by a ChangeTrust operation")
	// ErrFrozen is the answer when the issuer has frozen the account.
	ErrFrozen = errors.New("the issuer has frozen the account's USDC: it can receive none")
)

// Fund creates an account with FriendbotLumens, and waits for the ledger. An account that exists is ErrFunded.
func (n *Node) Fund(ctx context.Context, address string) (Outcome, error) {
	if !strkey.IsValidEd25519PublicKey(address) {
		return Outcome{}, fmt.Errorf("fund an account: %w", errAddress)
	}
	n.faucet.Lock()
	defer n.faucet.Unlock()
	if n.exists(ledger.AccountKey(xdr.MustAddress(address))) {
		return Outcome{}, fmt.Errorf("fund %s: %w", address, ErrFunded)
	}
	return n.act(ctx, n.keys.friendbot, &txnbuild.CreateAccount{Destination: address, Amount: fmt.Sprint(FriendbotLumens)})
}

// FundUSDC issues test USDC, in stroops (1 USDC is 10,000,000), to an account with a trustline, and waits for the ledger.
func (n *Node) FundUSDC(ctx context.Context, address string, stroops int64) (Outcome, error) {
	if !strkey.IsValidEd25519PublicKey(address) {
		return Outcome{}, fmt.Errorf("issue USDC: %w", errAddress)
	}
	if stroops <= 0 {
		return Outcome{}, fmt.Errorf("issue USDC to %s: the amount of %d stroops is not above zero", address, stroops)
	}
	n.faucet.Lock()
	defer n.faucet.Unlock()
	if !n.exists(ledger.TrustlineKey(xdr.MustAddress(address), n.usdc())) {
		return Outcome{}, fmt.Errorf("issue USDC to %s: %w", address, ErrNoTrustline)
	}
	o, err := n.act(ctx, n.keys.issuer, &txnbuild.Payment{Destination: address, Amount: amount.StringFromInt64(stroops),
		Asset: txnbuild.CreditAsset{Code: usdcCode, Issuer: n.keys.issuer.Address()}})
	if why := refusedPayment(o.Result); err != nil && why != nil {
		err = fmt.Errorf("issue USDC to %s: %w", address, why)
	}
	return o, err
}

// refusedPayment is why the network did not make a payment, where it is the holder's state; nil otherwise.
func refusedPayment(r xdr.TransactionResult) error {
	results, ok := r.OperationResults()
	if !ok || len(results) == 0 || results[0].Tr == nil || results[0].Tr.PaymentResult == nil {
		return nil
	}
	switch results[0].Tr.PaymentResult.Code {
	case xdr.PaymentResultCodePaymentLineFull:
		return ErrOverLimit
	case xdr.PaymentResultCodePaymentNotAuthorized:
		return ErrFrozen
	}
	return nil
}

// FreezeUSDC lets the issuer freeze a holder of USDC, or free him again, and waits for the ledger.
func (n *Node) FreezeUSDC(ctx context.Context, address string, frozen bool) (Outcome, error) {
	if !strkey.IsValidEd25519PublicKey(address) {
		return Outcome{}, fmt.Errorf("freeze a holder of USDC: %w", errAddress)
	}
	op := &txnbuild.SetTrustLineFlags{Trustor: address, Asset: txnbuild.CreditAsset{Code: usdcCode, Issuer: n.keys.issuer.Address()}}
	if frozen {
		op.ClearFlags = []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}
	} else {
		op.SetFlags = []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}
	}
	n.faucet.Lock()
	defer n.faucet.Unlock()
	return n.act(ctx, n.keys.issuer, op)
}

func (n *Node) exists(k ledger.Key) bool {
	view := n.chain.View()
	defer view.Close()
	_, ok := view.Get(k)
	return ok
}

// act submits an operation of one of the network's accounts. Its caller holds n.faucet.
func (n *Node) act(ctx context.Context, who *keypair.Full, op txnbuild.Operation) (Outcome, error) {
	view := n.chain.View()
	seq := int64(accountSequence(view, xdr.MustAddress(who.Address())))
	view.Close()
	f, err := n.frame(who, seq, []*keypair.Full{who}, op)
	if err != nil {
		return Outcome{}, err
	}
	o, err := n.Submit(ctx, f.Envelope)
	if err == nil && !o.Successful() {
		err = fmt.Errorf("the transaction failed: %s", operationText(o.Result))
	}
	return o, err
}

func operationText(r xdr.TransactionResult) string {
	results, ok := r.OperationResults()
	if !ok || len(results) == 0 {
		return resultText(r)
	}
	code, err := results[0].MarshalBinary()
	if err != nil {
		return resultText(r)
	}
	return fmt.Sprintf("%s, operation result %x", resultText(r), code)
}

// Seed returns 32 random bytes, for one simulation.
func (n *Node) Seed() (seed [32]byte, err error) {
	n.random.Lock()
	defer n.random.Unlock()
	if _, err = io.ReadFull(n.opts.Rand, seed[:]); err != nil {
		err = fmt.Errorf("draw random bytes: %w", err)
	}
	return seed, err
}
