// Package weather is seeded bad weather for the JSON-RPC of a Stellar node: what real nodes, and the ways to them, do to their clients now and
// then, for the tests of whoever has to live with it. It stands in front of any handler that answers as Stellar RPC does, and knows no contract.
//
// Some of it befalls one call (an answer that is lost, cut, late, refused; events twice or out of order), some lasts for a spell of calls (a
// node that lags or flaps), some for good, until Clear (a fork, a reset, ledgers that are no longer kept). A Config says how likely each is.
// The same seed and the same calls, one after the other, make the same weather.
//
// A node that lags, keeps less, or has parted from the others does so in every answer about ledgers, transactions and events, so that its
// answers agree with each other. Ledger entries, simulations and fees are those of the newest ledger all the same, only told as of the older
// one: the state of an older ledger is nowhere to be had. Calls that are not Stellar RPC's (localnet's advance, friendbot) have fair weather.
package weather
