package api

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// badAuthorisation names a field of one of the authorisations that were sent, what is wrong with it, and the next step.
func badAuthorisation(k kind, i int, field, next, format string, args ...any) error {
	f := FieldError{Location: fmt.Sprintf("body.authorisations[%d].%s", i, field), Message: fmt.Sprintf(format, args...)}
	return &kindError{kind: k, detail: f.Location + ": " + f.Message, fields: []FieldError{f}, add: func(p *Problem) { p.NextStep = next }}
}

const (
	signAsPrepared = "sign the payload that stands beside the entry under authorisations of the prepared transaction, with the key of its signer; then assemble again"
	sendAsPrepared = "send the entries that stand under authorisations of the prepared transaction, each once, signed; then assemble again"
)

// withAuthorisations puts signed authorisations in, if they are exactly what the call needs: a call has at most one signer.
func (s *server) withAuthorisations(tx stellar.Transaction, in []AuthorisationIn, want stellar.Tree) (stellar.Transaction, error) {
	entries := tx.Auth()[:0:0]
	payloads := map[stellar.Hash]int{}
	for i, one := range in {
		entry, err := decodeLike("entry", one.Entry, elementOf(entries))
		if err != nil {
			return tx, badAuthorisation(kindTransaction, i, "entry", sendAsPrepared, "%v", err)
		}
		of := entry.Credentials.Address
		if of == nil {
			of = entry.Credentials.AddressV2
		}
		if of != nil && want.Signer != nil {
			if who, err := of.Address.String(); err == nil && who != want.Signer.String() {
				return tx, badAuthorisation(kindTree, i, "entry", sendAsPrepared, "of %s, who does not have to sign this: %s has to", who, want.Signer)
			}
		}
		payload, err := stellar.AuthPayload(s.Network, entry)
		signedApart := err == nil // else by the signature of the transaction's source
		if first, twice := payloads[payload]; signedApart && twice {
			return tx, badAuthorisation(kindTransaction, i, "entry", sendAsPrepared, "the same authorisation as body.authorisations[%d]", first)
		}
		payloads[payload] = i
		if err := stellar.CheckTree(want, tx.Source(), append(entries[:0:0], entry)); err != nil {
			return tx, badAuthorisation(kindTree, i, "entry", sendAsPrepared, "%v", err)
		}
		if i > 0 {
			return tx, badAuthorisation(kindTree, i, "entry", sendAsPrepared, "a second authorisation of %s for the same call", want.Signer)
		}
		if one.Signature != "" {
			signature, err := s.signatureBy(*want.Signer, payload, i, one.Signature)
			if err != nil {
				return tx, err
			}
			if entry, err = stellar.AttachSignature(entry, *want.Signer, signature); err != nil {
				return tx, badAuthorisation(kindTransaction, i, "entry", sendAsPrepared, "%v", err)
			}
		}
		if !stellar.IsSigned(entry) {
			return tx, badAuthorisation(kindTransaction, i, "entry", signAsPrepared, "not signed by %s: give a signature over its payload %s, or the signed entry", want.Signer, payload)
		}
		entries = append(entries, entry)
	}
	out, err := tx.Assemble(*tx.Data(), tx.ResourceFee(), entries)
	if err != nil {
		return tx, badTransaction(inTransaction, "%v", err)
	}
	return out, nil
}

// signatureBy reads a signature that is to be put into authorisation i, and sees that it is its signer's.
func (s *server) signatureBy(signer stellar.Address, payload stellar.Hash, i int, text string) ([]byte, error) {
	signature, err := signatureOf(text)
	if err != nil {
		return nil, badAuthorisation(kindTransaction, i, "signature", signAsPrepared, "%v", err)
	}
	if signer.Contract {
		return nil, badAuthorisation(kindTransaction, i, "signature", "put the signature into the entry, in the form that the contract wants; then assemble again",
			"%s is a contract, whose signature has a form of its own", signer)
	}
	if !verify(signer.Key, payload[:], signature) {
		return nil, badAuthorisation(kindTransaction, i, "signature", signAsPrepared, "not made by %s over this entry's payload %s", signer, payload)
	}
	return signature, nil
}
