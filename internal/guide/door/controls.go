package door

import "github.com/Abdullahi130/StellarEscrow/internal/guide"

// Controls are those of the front door, of two sections.
func Controls() []guide.Control { return []guide.Control{n11(), n12(), n13(), n14(), c5()} }
