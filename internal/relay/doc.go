// Package relay is what the api may ask of the network, and the shape of the answers. The api cannot reach Stellar (docs/guide.md N3): the
// indexer does, and serves this interface: what the network is and charges (Network, FeeStats), what stands on it (Read, Account, Holding,
// Asset), what a transaction would do and has done (Simulate, Transaction), and the two ways to send one: Submit, for which its sender pays, and
// Sponsor, for which the platform does. internal/indexer/relayserver holds the implementation, internal/indexer/sponsor that of Sponsor.
// Everything here is plain data that can be written as JSON: XDR travels as standard base64, hashes as hex, addresses as strkeys, amounts of
// stroops as decimal strings.
//
// Between two processes it travels over HTTP (Handler, Client): each end proves to the other that it knows their shared secret.
//
// Beside the calls there is the live stream of the indexer's feed (StreamHandler, Client.Stream): every entry behind the one that the api knows
// already, in order and without holes, then each new one as it comes; every line of it is proven like an answer.
//
// What stays outside: the meaning of a call, and of an entry of the feed (internal/feed). Which transaction to build and which authorisations to
// accept is decided with internal/stellar before a question is put here and again after the answer.
package relay
