// Package cyclonus holds internal/guide/reach against the matcher of mattfenwick/cyclonus, which others test network plugins with: on 10,000
// generated sets of policies both must say the same of every pair, port and protocol, into a pod, out of it, and both. It is a module of its own,
// so that the project does not depend on what only this test needs; -mod=mod takes up what the project's own go.mod has come to since:
//
//	go -C test/reach/cyclonus test -mod=mod ./...
//
// Where cyclonus reads the API otherwise than the API server does, a test of its own says how; the generated sets leave these cases out, and the
// tests of package reach have them.
package cyclonus
