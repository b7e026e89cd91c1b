// Package tx decides which transactions are valid and applies them: signatures, sequence numbers, preconditions, fees, the
// operations, and around a contract call all that the contract host leaves to the ledger. Result codes, their order, the meta
// and the events are those of stellar-core, protocol 27.
//
// Operations are CreateAccount, Payment, ChangeTrust, SetOptions, SetTrustLineFlags, InvokeHostFunction, ExtendFootprintTTL and
// RestoreFootprint; any other answers opNOT_SUPPORTED. There are no offers, pools, claimable balances or sponsored reserves.
//
// It stores nothing: it reads a ledger.Reader and leaves its changes in a ledger.Delta.
package tx
