// Package lockstep holds the model of the rules (internal/escrow) against the built contract in the real host: the same people do the same random things
// to both at the same times, and the two must accept, refuse with the same code, pay, emit and store alike. In its worlds payouts fail, trustlines come and
// go, entries are archived, an issuer freezes and takes back, and a token lies; some of the people are contracts, whose own code says who signs for them.
//
// After every act, refused ones included, it asks what must always hold (docs/contract.md, "Money"): no unit is made or lost; what is owed is what the
// trades hold and the fees; nothing is short unless an issuer took it; an ended trade takes nothing but `claim` and `extend`.
//
// A world is a seed. What differs is made smaller, act by act, and printed as a story of contract/vectors. `make test` runs some; `make prove` runs
// 100,000 acts. That mistakes would be found is shown by making them: in the model at run time (flaw), and in its source (TestFindsPlantedBreaks).
// It has no code but tests.
package lockstep
