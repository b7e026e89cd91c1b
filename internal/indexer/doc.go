// Package indexer follows the contracts' events from ledger to ledger and keeps what follows from them: trades as they stand, and the feed.
//
// It asks a Source for events after a contract's position, works out what they change (projection.go), and hands the store all of it, the
// new position included, as one batch. So a crash at any moment loses nothing and does nothing twice. A position that the source no longer
// reaches is a state that is shown (gap), never jumped over; another or a reset network stops it with a message.
//
// What a trade's state means is internal/escrow's; how events are kept is the store's. Submission and the other ways out are in folders
// below.
package indexer
