// Package facts collects what the controls of the guide judge: from the files of a checkout (Tree) and from the running system (System), each
// thing once, whoever asks. It changes nothing and executes nothing of what it looks at.
//
// How each kind of file is read is in a folder below; this package says which files a StellarEscrow checkout has, and keeps what was read.
package facts
