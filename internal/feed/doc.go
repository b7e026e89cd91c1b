// Package feed is what happened, told once and in order: one sequence of entries without holes, each naming the hash of the one before,
// so that a reader who kept the last entry can tell whether the next one really follows it.
//
// The sequence is made while events are projected and is kept by the store in the same transaction, so it never tells of an effect that
// was not stored, nor leaves one out. Bus wakes readers in this process; what they read is always the store's. Signatures, subscribers
// and delivery over HTTP are not here.
package feed
