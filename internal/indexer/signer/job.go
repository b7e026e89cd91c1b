package signer

import (
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Job is what a key is for.
type Job struct {
	name      string
	functions []string // of the contract
	// pays tells a key that signs fee bumps and nothing else; every other key signs transactions of its own account and nothing else.
	pays bool
	// operation refuses a transaction that calls no contract.
	operation func(tx stellar.Transaction) error
	// authorised refuses authorisations that this key's signature on the transaction should not carry; they are the expected ones.
	authorised func(s *Signer, tree stellar.Tree, tx stellar.Transaction) error
}

// Signs tells whether a function of the contract is among those that such a key may be asked for.
func (j Job) Signs(function string) bool { return slices.Contains(j.functions, function) }

// byTraders are the functions that traders, arbitrators and those who carry out what is due call.
var byTraders = []string{
	"open", "accept", "fund", "cancel", "deliver", "release", "refund", "settle", "dispute", "offer", "accept_offer", "evidence", "rule", "appeal", "claim", "extend",
}

// Channel lends its sequence number to what traders do. They authorise it apart; the transaction's own signature authorises nothing but
// its fee, which a Fee key pays.
var Channel = Job{
	name:       "channel",
	functions:  byTraders,
	operation:  restores,
	authorised: byStrangers,
}

// Fee pays for what traders do, by fee bumps: around what a channel account sends for them, and around what they send themselves.
var Fee = Job{
	name:       "fee",
	functions:  byTraders,
	pays:       true,
	operation:  restores,
	authorised: byStrangers,
}

// Keeper carries out what is due, and keeps trades from being archived. Nobody authorises that.
var Keeper = Job{
	name:      "keeper",
	functions: []string{"settle", "extend"},
	operation: func(tx stellar.Transaction) error {
		if tx.ExtendsTTL() {
			return nil
		}
		return restores(tx)
	},
	authorised: byNobody,
}

// Anchor writes the audit log's head into the contract, as the anchor key that the admin has named.
var Anchor = Job{
	name:       "anchor",
	functions:  []string{"anchor"},
	operation:  restores,
	authorised: bySource,
}

// restores lets only the restoring of archived entries through: it changes nothing, and comes before a call that needs them.
func restores(tx stellar.Transaction) error {
	if tx.Restores() {
		return nil
	}
	return refuse("an operation that is no call")
}

func byNobody(_ *Signer, _ stellar.Tree, tx stellar.Transaction) error {
	if n := len(tx.Auth()); n > 0 {
		return refuse("a call that %d authorisations go with", n)
	}
	return nil
}

// byStrangers wants each authorisation signed, and by nobody of the platform's: an account of ours that sends the transaction signs it, and
// must not authorise anything by that.
func byStrangers(s *Signer, tree stellar.Tree, tx stellar.Transaction) error {
	ours := slices.Contains(s.own(), tx.Source())
	for i, entry := range tx.Auth() {
		if ours && entry.Credentials.Type == xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount {
			return refuse("authorisation %d by the transaction's own signature", i)
		}
		if !stellar.IsSigned(entry) {
			return refuse("authorisation %d, which nobody has signed", i)
		}
	}
	if tree.Signer != nil && slices.Contains(s.own(), *tree.Signer) {
		return refuse("a call that %s, an account of the platform's, authorises", tree.Signer)
	}
	return nil
}

func bySource(s *Signer, tree stellar.Tree, tx stellar.Transaction) error {
	if tree.Signer == nil || *tree.Signer != s.c.Account || tree.Transfer != nil {
		return refuse("a call that is not authorised by this account alone")
	}
	if auth := tx.Auth(); len(auth) != 1 || auth[0].Credentials.Type != xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount {
		return refuse("an authorisation apart from the transaction's own signature")
	}
	return nil
}
