// Package history reads what a git repository has ever held, from its object files: every version of every folder, reachable or not.
//
// It runs no git: a repository's own configuration can name programs that git then starts, and the repository may be anybody's.
package history
