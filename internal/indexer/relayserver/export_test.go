package relayserver

import "github.com/Abdullahi130/StellarEscrow/internal/stellar"

// Remember is what Submit does before it sends.
func Remember(s *Server, h stellar.Hash, notAfter uint64) { s.submitted.add(h, notAfter) }
