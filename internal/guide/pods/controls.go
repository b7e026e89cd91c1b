package pods

import "github.com/Abdullahi130/StellarEscrow/internal/guide"

// Controls are those of the section.
func Controls() []guide.Control { return []guide.Control{p1(), p2(), p3()} }
