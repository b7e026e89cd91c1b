// Package network has the guide's section 1: who may talk to whom, what is published, and what the front door says to browsers.
//
// Of the guide's table each row is a clause (N2 to N7). What is open is computed from the rendered manifests by package reach, for every pair and
// port, and held against the table in both directions; nothing else may be open. What the guide leaves out and the parts need stands in
// additions, each with its reason.
package network
