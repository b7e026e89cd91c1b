package stellar

// Restores tells whether the transaction brings archived entries back, and does nothing else.
func (t Transaction) Restores() bool { return t.v1.Tx.Operations[0].Body.RestoreFootprintOp != nil }

// ExtendsTTL tells whether the transaction extends the life of entries, and does nothing else.
func (t Transaction) ExtendsTTL() bool { return t.v1.Tx.Operations[0].Body.ExtendFootprintTtlOp != nil }
