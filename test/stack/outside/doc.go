// Package outside is the world outside a stack that runs in a box of its own: a host with public addresses (203.0.113.0/24, which nobody has), connected to
// the box by a cable, so that no policy needs a hole for a test. There is
//
//   - the Stellar network: `stellarescrow dev`, of which the stack uses the network, the contract and the people with their money, as Stellar RPC over TLS on :443
//     under the name RPC (only that: neither friendbot nor the clock is reachable);
//   - an authority that certifies names, with a responder that says whether a certificate is still good;
//   - a name server that knows these names and the stack's own, and no other;
//   - the traders: they come from there to the stack's front door, and play the demo's stories.
//
// Everything ends with the test.
package outside
