package rpc

// Limit makes the bounds of answers smaller, in bytes.
func (s *Server) Limit(answer, page int) { s.limits = limits{answer, page} }

// InclusionFee is inclusionFee.
var InclusionFee = inclusionFee
