// Package csifiles is a stand-in for the Secrets Store CSI driver and its AWS provider, neither of which can be had as a Go module that builds, and for
// Secrets Manager: the secrets are files in a folder, and what they hold is handed to pods by a real kubelet through the real CSI and plugin registration
// APIs (gRPC), under the driver's own name, secrets-store.csi.k8s.io.
//
// What it does as they do, by their documentation: it reads the pod's SecretProviderClass; a secret is a file of the volume, and so is each value that a
// jmesPath takes out of its JSON, under its objectAlias; secretObjects are synced into Secrets while a pod mounts the class, follow the values at each
// republish, and go with the last such pod; a SecretProviderClassPodStatus tells of each mount; and a pod is served only if the kubelet hands a token of its
// service account for AWS, as the provider needs one.
//
// What it does not do: it asks nobody whether that account may read the secret, it knows no other provider, and a field of `objects` that our manifests do
// not use is refused rather than passed over. A Secret that it did not make is left alone, with an error, where the driver would write into it.
package csifiles
