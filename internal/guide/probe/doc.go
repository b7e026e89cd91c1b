// Package probe is the house of the live probes: each folder asks one kind of running thing (a TLS server, a web server, a Redis, the
// kernel) what is so, and returns typed facts. What they have in common:
//
//   - Facts are no verdicts: a section of the guide judges them later. An error always means "could not look", never "it is bad": a server
//     that is badly configured is a fact.
//   - They change nothing, authenticate with nothing but values that everybody knows, and keep no secret that they come across.
//   - What answers them is not trusted: a server that stalls, trickles, talks without end or talks nonsense costs its time limit and is
//     reported. Each read, loop and wait has a named bound.
package probe
