// Package rpctest gives tests the client of a node, and what they ask of it most. What it cannot have ends the test. It is for tests alone: no
// program links it. Networks to ask are in internal/localnet/localnettest, which knows nothing of ours.
package rpctest
