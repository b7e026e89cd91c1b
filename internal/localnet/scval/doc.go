// Package scval makes contract values, the addresses in them, and the call that they are the arguments of: XDR alone, of any contract.
//
// Reading values, and refusing those that strangers got wrong, stays with whoever knows the contract.
package scval
