// Package breaks changes objects of a running cluster on purpose and puts them back: what the breaks of the guide's controls are made of. It is the one room of the
// guide that changes anything, and is asked to by "escrowctl audit --prove --break-running" alone, of a cluster that its user has named twice.
package breaks
