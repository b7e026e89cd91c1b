// Package signer holds the platform's keys that stand on a server, each good for one kind of call and for nothing else. A key is asked to
// sign a transaction that this program has built; it decodes its call again, and refuses by name whatever is not its business
// (docs/contract-attacks.md E1). No key of the admin's is here, and none could move anybody's escrow.
//
// What it does not decide: whom to sponsor, what is due, how much to spend in a day.
package signer
