// Package parts says which outside parts a test needs: a browser, Node, a Rust toolchain. On a laptop a missing part is a skip that
// names it; where STELLARESCROW_PARTS=required (CI) it is a failure, so that nothing is silently green.
//
// It starts none of them: a part that has to be started has a package of its own below this one.
package parts
