package clauses

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/checklist"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/door"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/monitoring"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/network"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/pending"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/pods"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/scanning"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/secrets"
)

// Guide is the whole guide. It fails only if a control of ours is no control.
func Guide() (*guide.Guide, error) {
	all := slices.Concat(network.Controls(), door.Controls(), secrets.Controls(), pods.Controls(), scanning.Controls(), monitoring.Controls(), pending.Controls())
	return guide.New(append(all, checklist.Controls(all)...)...)
}
