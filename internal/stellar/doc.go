// Package stellar is how a trade looks on the Stellar network: the rules' types as XDR and back, a trade's id, the calls of the
// contract, and the transactions that carry them: built, completed with a simulation's answer, checked, signed.
//
// Everything is pure: no network, no clock, no store. internal/stellar/rpc talks to the network; internal/stellar/binding is generated
// from the contract and is used here only, and by those who deploy and administer it. What arrives from outside is refused unless it is
// exactly what it should be, with an error that names the part.
package stellar
