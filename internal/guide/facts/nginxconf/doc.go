// Package nginxconf reads an nginx configuration of a checkout: its servers and locations, each with what holds there, what it inherits included. Which files
// it is made of (include), and what comes down from http and server to a location, is worked out as nginx does it.
//
// The files are taken apart here too. The grammar is small, and the libraries for it guess in its corners: what a brace within a word is. An audit that reads
// otherwise than nginx can be shown a header that nothing sends.
//
// No file outside the tree is read, and nothing is executed. Whether what holds is right is asked elsewhere.
package nginxconf
