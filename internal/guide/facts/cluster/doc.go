// Package cluster reads what a Kubernetes cluster has and asks what its API server would do: the objects of the platform's namespace, and whatever
// stands elsewhere and reaches into it; whom the server lets do what (SubjectAccessReview); which pods it would take (a creation that it is told to
// leave undone). Nothing is changed, and of a Secret nothing is asked for but its name, labels and owners, unless
// somebody asks for a judgement of its values (Judge): those are read, judged and dropped, and whoever audits must be allowed to read that one Secret.
//
// Each question has a time limit of its own. What could not be seen is told beside what could, by the resource that it is of: a judge that needs it
// has no evidence, and the others go on.
//
// The kubeconfig is the operator's own, and trusted: one that names a program which fetches credentials (as EKS's does) has it run.
package cluster
