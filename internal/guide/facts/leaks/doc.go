// Package leaks looks for secrets as gitleaks does, with its own code: by a configuration of the tree, in a text or in everything that a history holds.
//
// The configuration may be anybody's. It is read from the tree alone: one that names another file to take rules from is refused.
package leaks
