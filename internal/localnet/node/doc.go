// Package node closes ledgers: it takes transactions, applies them when there are some, lets the network's time pass when there are
// none, and keeps the history. The network's own accounts, friendbot and the issuer of USDC, live here too.
//
// It puts together what ledger, tx and host do. How clients reach it is package rpc's and localnet's.
package node
