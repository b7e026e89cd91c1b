package clauses

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/network"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/secrets"
)

// Guide is the whole guide. It fails only if a control of ours is no control.
func Guide() (*guide.Guide, error) {
	return guide.New(slices.Concat(network.Controls(), secrets.Controls())...)
}
