package network

import "github.com/Abdullahi130/StellarEscrow/internal/guide"

// Controls are those of the section.
func Controls() []guide.Control {
	return []guide.Control{n1(), n2(), n3(), n4(), n5(), n6(), n7(), n8(), n9(), n10(), c4()}
}
