// Package stories turns the trade stories of contract/vectors into the rules' types and back, for the readers that are written in Go. A story names people and
// trades; what stands for these names in a reader, an address of a network or the name itself, is the reader's business.
package stories
