// Package ctl is the program `escrowctl`: the operator's commands. Keys are read from files, and only by
// commands that sign; each command exits with one of four codes. What the admin can do ends where the contract says: none of these commands can move a trader's money.
package ctl
