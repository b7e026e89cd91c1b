// Package pool makes one source for the indexer out of several nodes, in order of preference. The first that is well is used. One that fails,
// lags, has stopped, is slow, or is of another chain is left for the next one, and tried again later.
//
// Which of two chains is right cannot be voted on: three nodes of one provider outvote nobody. What is stored decides: the ledger that the
// store has marked (Trust), and after it what the node in use has said since. A node that says otherwise is forked, and is not used until it
// says the same.
//
// Events that a node finds itself (getEvents) come without hashes: that they are of the right chain rests on the looks that are taken at each
// node every few seconds. With sources that verify ledgers (source.Ledgers) each page is held against what was read before.
package pool
