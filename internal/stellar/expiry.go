package stellar

import "github.com/stellar/go-stellar-sdk/xdr"

// AuthExpiry is the last ledger in which an authorisation's own signature counts. It is false for one of the transaction's source, which
// counts as long as the transaction can be included.
func AuthExpiry(entry xdr.SorobanAuthorizationEntry) (lastLedger uint32, ok bool) {
	c, err := addressCredentials(entry.Credentials)
	if err != nil {
		return 0, false
	}
	return uint32(c.SignatureExpirationLedger), true
}
