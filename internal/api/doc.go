// Package api is the platform's public HTTP face: read trades, prepare what somebody may sign, submit what they signed, follow it.
//
// Nothing is signed for anyone here: a prepared transaction comes with its authorisation entries and a summary in words of who pays whom
// until when, both read back from what is to be signed. The package reads through the interfaces in deps.go and reaches the network through
// one of them, the relay; it imports neither SQL nor a network client (internal/arch checks it). Routes, each with its permission, stand in
// routes.go; errors become problem documents (RFC 9457) in problem.go and nowhere else.
//
// openapi.yaml is the document that the server serves, committed so that clients are generated from it and a change shows in review.
package api

//go:generate go test -run ^TestOpenAPIDocument$ -count 1 . -update
