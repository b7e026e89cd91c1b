package api

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// SubmitIn is a signed transaction.
type SubmitIn struct {
	Transaction string        `json:"transaction" maxLength:"200000" doc:"TransactionEnvelope, base64 of its XDR: signed, or unsigned together with signatures"`
	Signatures  []SignatureIn `json:"signatures,omitempty" maxItems:"20" nullable:"false" doc:"Signatures made apart over the transaction's hash; for clients that do not write XDR"`
}

// SignatureIn is an ed25519 signature.
type SignatureIn struct {
	Signer    string `json:"signer" maxLength:"100" doc:"The account (G…) whose key signed"`
	Signature string `json:"signature" maxLength:"200" doc:"64 bytes, base64 or hex"`
}

// AssembleIn is a prepared transaction and what others signed for it.
type AssembleIn struct {
	Transaction    string            `json:"transaction" maxLength:"200000" doc:"As it was prepared, unsigned"`
	Authorisations []AuthorisationIn `json:"authorisations" minItems:"1" maxItems:"20" nullable:"false" doc:"Every authorisation that was listed, signed"`
}

// AuthorisationIn is one signed authorisation.
type AuthorisationIn struct {
	Entry     string `json:"entry" maxLength:"200000" doc:"SorobanAuthorizationEntry, base64 of its XDR: signed, or as it was prepared together with signature"`
	Signature string `json:"signature,omitempty" maxLength:"200" doc:"An account's ed25519 signature over payload: 64 bytes, base64 or hex"`
}

type submitIn struct {
	Waiting
	Body SubmitIn
}

type submitOut struct {
	Status int
	Body   TransactionOut
}

func badTransaction(location, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	return &kindError{kind: kindTransaction, detail: location + ": " + message, fields: []FieldError{{Location: location, Message: message}}}
}

const inTransaction = "body.transaction"

func (s *server) submitTransaction(ctx context.Context, in *submitIn) (*submitOut, error) {
	tx, err := stellar.ParseTransaction(in.Body.Transaction)
	if err != nil {
		return nil, badTransaction(inTransaction, "%v", err)
	}
	for i, one := range in.Body.Signatures {
		signer, err := stellar.ParseAccount(one.Signer)
		if err != nil {
			return nil, badTransaction(fmt.Sprintf("body.signatures[%d].signer", i), "%v", err)
		}
		signature, err := signatureOf(one.Signature)
		if err != nil {
			return nil, badTransaction(fmt.Sprintf("body.signatures[%d].signature", i), "%v", err)
		}
		tx = tx.WithSignature(signer, signature)
	}
	if _, _, err := s.ours(ctx, tx); err != nil {
		return nil, err
	}
	if err := s.checkSigned(tx); err != nil {
		return nil, err
	}
	text, err := tx.Base64()
	if err != nil {
		return nil, fmt.Errorf("write the transaction: %w", err)
	}
	hash := tx.Hash(s.Network).String()
	answer, err := s.Relay.Submit(ctx, text)
	if errors.Is(err, relay.ErrInvalid) {
		return nil, badTransaction(inTransaction, "%v", err)
	}
	if err != nil {
		return nil, s.unknownFate(ctx, hash, err)
	}
	if answer.State == relay.SubmissionRejected {
		return nil, rejected(tx, s.Network, answer)
	}
	out, err := s.waitFor(ctx, hash, in.wait(), TransactionOut{Hash: hash, State: stateSubmitted, Latest: ledgerOf(answer.Ledger)})
	if err != nil {
		return nil, err
	}
	status := http.StatusAccepted
	if out.final() {
		status = http.StatusOK
	}
	return &submitOut{Status: status, Body: out}, nil
}

// ours is the call that a transaction makes of a contract that is followed here; a nil call is a restore. All else is refused: this is no open relay.
func (s *server) ours(ctx context.Context, tx stellar.Transaction) (stellar.Address, escrow.Call, error) {
	none := stellar.Address{}
	if tx.Data() == nil {
		return none, nil, badTransaction(inTransaction, "it does not say what it uses of the network: it was not prepared, or not by a simulation")
	}
	args, ok := tx.Call()
	if !ok {
		if s.restores(tx) {
			return none, nil, nil
		}
		return none, nil, badTransaction(inTransaction, "it calls no contract")
	}
	contracts, err := s.contracts(ctx)
	if err != nil {
		return none, nil, err
	}
	for _, contract := range contracts {
		call, err := stellar.DecodeCall(contract, args)
		if errors.Is(err, stellar.ErrOtherContract) {
			continue
		}
		if err != nil {
			return none, nil, badTransaction(inTransaction, "its call cannot be read: %v", err)
		}
		if !traders(call) {
			return none, nil, badTransaction(inTransaction, "%s is an operator's function: use escrowctl", call.Function())
		}
		return contract, call, nil
	}
	_, err = stellar.DecodeCall(s.Contract, args)
	return none, nil, badTransaction(inTransaction, "it calls a contract that is not served here: %v", err)
}

// contracts are those that are followed, the one for new trades first.
func (s *server) contracts(ctx context.Context) ([]stellar.Address, error) {
	followed, err := s.Trades.Contracts(ctx)
	if err != nil {
		return nil, fmt.Errorf("list contracts: %w", err)
	}
	out := []stellar.Address{s.Contract}
	for _, f := range followed {
		contract, err := stellar.ParseAddress(string(f.Contract))
		if err != nil {
			return nil, fmt.Errorf("followed contract: %w", err)
		}
		if contract != s.Contract {
			out = append(out, contract)
		}
	}
	return out, nil
}

// restores tells whether the transaction is one that prepare gives for archived entries: it is compared with what that would build.
func (s *server) restores(tx stellar.Transaction) bool {
	again, err := stellar.Restore(stellar.Envelope{
		Source: tx.Source(), Sequence: tx.Sequence() - 1, NotAfter: tx.NotAfter(), InclusionFee: tx.InclusionFee(),
	}, *tx.Data(), tx.ResourceFee())
	return err == nil && again.Hash(s.Network) == tx.Hash(s.Network)
}

// traders tells whether the call is one of a trade, or collect; the others are the admin's.
func traders(call escrow.Call) bool {
	switch call.(type) {
	case escrow.CallProposeFee, escrow.CallCancelFee, escrow.CallPause, escrow.CallUnpause, escrow.CallProposeAdmin, escrow.CallAcceptAdmin,
		escrow.CallSetAnchor, escrow.CallAnchor:
		return false
	}
	return true
}

// otherNetworks are those whose passphrase a client may have signed with by mistake.
var otherNetworks = []string{
	"Public Global Stellar Network ; September 2015", "Test SDF Network ; September 2015",
	"Test SDF Future Network ; October 2022", "Standalone Network ; February 2017",
}

// checkSigned finds the mistakes about signatures that are visible without the network, to which it leaves the rest: an account may have other signers.
func (s *server) checkSigned(tx stellar.Transaction) error {
	if tx.Signatures() == 0 {
		return badTransaction(inTransaction, "not signed: its source %s signs its hash %s", tx.Source(), tx.Hash(s.Network))
	}
	for i, entry := range tx.Auth() {
		if !stellar.IsSigned(entry) {
			return badTransaction(inTransaction, "authorisation %d is not signed: have it signed, then put it in with POST /v1/transactions/assemble", i)
		}
	}
	if tx.SignedBy(s.Network, tx.Source(), verify) {
		return nil
	}
	for _, passphrase := range otherNetworks {
		if n, err := stellar.NewNetwork(passphrase); err == nil && tx.SignedBy(n, tx.Source(), verify) {
			return badTransaction(inTransaction, "signed for another network, %q: sign it for %q", passphrase, s.Network.Passphrase())
		}
	}
	return nil
}

func verify(key [32]byte, payload, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && ed25519.Verify(key[:], payload, signature)
}

func signatureOf(text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		raw, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil || len(raw) != ed25519.SignatureSize {
		return nil, fmt.Errorf("not an ed25519 signature: 64 bytes, in hex or base64")
	}
	return raw, nil
}

// unknownFate is the answer when the relay failed while submitting.
func (s *server) unknownFate(ctx context.Context, hash string, err error) error {
	s.Log.WarnContext(ctx, "submission without an answer", "request", requestID(ctx), "tx", hash, "err", err)
	return &kindError{kind: kindUpstream, err: err, detail: fmt.Sprintf("whether transaction %s has reached the network is not known", hash), add: func(p *Problem) {
		retrySafe(p)
		p.NextStep = "submit the very same transaction again, or read /v1/transactions/" + hash + "; do not prepare another before it has expired"
	}}
}

func retrySafe(p *Problem) {
	yes := true
	p.Retry = &yes
}

// rejected is the answer when the network will never take the transaction.
func rejected(tx stellar.Transaction, n stellar.Network, answer relay.Submission) error {
	r := rejections[answer.Code]
	if r.about != "" { // a fault of what was sent
		return badTransaction(inTransaction, "%s (%s)", fmt.Sprintf(r.about, n.Passphrase()), answer.Code)
	}
	detail := answer.Code
	if answer.Detail != "" {
		detail += ": " + firstLine(answer.Detail)
	}
	return &kindError{kind: kindNotAccepted, detail: fmt.Sprintf("transaction %s: %s", tx.Hash(n), detail), add: func(p *Problem) {
		if r.next != "" {
			p.NextStep = r.next
		}
	}}
}

// rejections says what the network's codes mean to whoever submits.
var rejections = map[string]struct{ about, next string }{
	"tx_bad_auth":             {about: "its signatures do not count: made for another network than %q, by a key that may not sign for the account, or before something in it was changed"},
	"tx_bad_auth_extra":       {about: "it carries signatures that are not needed; on %q that is refused"},
	"tx_bad_seq":              {next: "another transaction of the account came first: read what it did, then prepare it again if that still has to be done"},
	"tx_too_late":             {next: "it has expired: prepare it again"},
	"tx_too_early":            {next: "its time has not come: submit it again later"},
	"tx_insufficient_fee":     {next: "the network asks for more at the moment: prepare it again"},
	"tx_insufficient_balance": {next: "the source account has too little XLM for the fee and its reserve: fund it, then submit the same transaction again"},
	"tx_no_account":           {next: "the source account does not exist: create it, or prepare with another source"},
	"tx_soroban_invalid":      {next: "what it declares to use is out of date or out of bounds: prepare it again"},
}
