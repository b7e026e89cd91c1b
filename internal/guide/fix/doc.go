// Package fix mends what an audit has found, where the remedy is an edit that anybody would make: a port that is bound to 127.0.0.1, a label, a directive. It
// changes text where it stands, so that comments and layout stay, and works on a draft in memory; a patch of it is printed, or written where that is asked for.
//
// No edit is trusted for being well meant. After each the whole tree is judged again, and one that does not do away with its finding, or after which anything of the
// guide is worse than it was, is taken back.
package fix
