// Package relayserver answers the api's questions to the network (internal/relay) by asking Stellar RPC nodes. It translates and classifies; it
// decides nothing about trades and signs nothing. What is submitted through it is stored before it is sent, sent again until a ledger has it or
// its time is over, and followed to its end across restarts (Track).
package relayserver
