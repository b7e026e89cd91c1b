// Package pods has what the guide says of pods and of who may do what in the cluster.
package pods
