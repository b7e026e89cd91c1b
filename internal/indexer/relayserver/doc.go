// Package relayserver answers the api's questions to the network (internal/relay) by asking a Stellar RPC node. It translates and
// classifies; it decides nothing about trades, signs nothing and stores nothing beyond which transactions were lately submitted through it.
package relayserver
