// Package ctl is the program `escrowctl`: the operator's commands. Each reads its key from a file, says what it is about to do it with, and
// exits with one of four codes. What the admin can do ends where the contract says: none of these commands can move a trader's money.
package ctl
