package stellar

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// DecodeTerms reads terms, refusing (*FieldError) whatever EncodeTerms would not have written.
func DecodeTerms(v xdr.ScVal) (escrow.Terms, error) {
	terms, err := binding.DecodeTerms(v)
	if err != nil {
		return escrow.Terms{}, fmt.Errorf("terms: %w", err)
	}
	return convert[escrow.Terms](terms)
}
