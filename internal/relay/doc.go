// Package relay is what the api may ask of the network, and the shape of the answers. The api cannot reach Stellar (docs/guide.md N3): the
// indexer does, and serves this interface; internal/indexer/relayserver holds the implementation. Everything here is plain data that
// can be written as JSON: XDR travels as standard base64, hashes as hex, addresses as strkeys, amounts of stroops as decimal strings.
//
// Between two processes it travels over HTTP (Handler, Client): each end proves to the other that it knows their shared secret.
//
// What stays outside: the meaning of a call. Which transaction to build and which authorisations to accept is decided with
// internal/stellar before a question is put here and again after the answer.
package relay
