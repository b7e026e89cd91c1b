// Package terraform reads a Terraform root and the modules below it: what it would make, as far as files can say, and what is wrong with it.
//
// There is no provider and no state here, and nothing is executed. Arguments are compared with the provider's schema (folder schema), every
// reference is followed, and expressions are worked out for each file of variables, with the name of what only the cloud knows in its place. It
// finds what `terraform validate` finds; what a plan would, and whether a value is safe, it does not say: that is the controls' business.
//
// The tree may be anybody's: files, nesting and work are bounded, and no symbolic link is followed.
package terraform
