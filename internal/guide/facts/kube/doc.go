// Package kube reads what a kustomize overlay comes to: every object of it, as the API server would have it, with the file that it is from.
// What holds of the objects, the controls of the guide judge; no cluster is asked here, and nothing of the tree is executed.
//
// The tree may be anybody's. Only files of it are read, by plain relative paths: no remote base, plugin, function or chart, no symbolic
// link, and no more than the bounds in load.go, aliases expanded. What cannot be read as it stands is an error that names the file; what the
// API server would not take (an unknown field, a key twice) is one that names the object too. An object of a kind that is not known here is
// no error, since charts and operators bring their own: it is among Set.Unread, for whoever may not pass over it.
package kube
