package secrets

import "github.com/Abdullahi130/StellarEscrow/internal/guide"

// Controls are those of the section.
func Controls() []guide.Control { return []guide.Control{s1(), s2(), s3(), s4(), s9(), s10(), s11()} }
