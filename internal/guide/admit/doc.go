// Package admit computes what the ValidatingAdmissionPolicies that are handed in make of a pod: which of them refuse it, and how whoever makes the pod could get round
// them. It reads no files, knows no clause and asks no cluster.
//
// Expressions are compiled and evaluated by the API server's own code (k8s.io/apiserver), with the variables, the limits and the functions that it gives them; rules
// are matched by it too. What a cluster adds to a pod before its policies see it (defaults, other admission plugins) is not added here. A policy that asks for
// parameters, or for what whoever asks may do, is not evaluated, since neither stands in it: Policies.Unusable says so.
package admit
