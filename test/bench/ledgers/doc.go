// Package ledgers makes recorded ledgers of a busy escrow platform, as internal/indexer/source/files reads them: for measuring what takes
// hundreds of thousands of trades, which would take hours to play through the real contract.
//
// Who does what when is made up from a seed; what follows from each call, the rules say (internal/escrow), so the events are those the contract
// would emit, in its encoding, with the transfers of the asset between them. Every ledger is sound in all its hashes: the header names the ledger
// before, the set of transactions and their results, and each result what its call returned and announced. What no reader of events looks at is of
// the kind and about the size that localnet gives, and made up: signatures, the values of entries before and after, fees. Diagnostic events, which
// localnet writes and nodes of the main network do not unless told to, are left out.
package ledgers
