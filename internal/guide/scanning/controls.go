package scanning

import "github.com/Abdullahi130/StellarEscrow/internal/guide"

// Controls are those of the section.
func Controls() []guide.Control {
	return []guide.Control{v1(), v2(), v3(), v3g(), v4(), v5(), v6(), v7(), v8(), v9(), v10(), c2(), c3()}
}
