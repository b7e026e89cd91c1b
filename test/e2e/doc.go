// Package e2e tests the platform as it is shipped: the built contract in the real host, and the programs around it. It has no code of its own but tests.
package e2e
