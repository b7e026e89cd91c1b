// Package kube runs the production overlay of k8s/ on a real node (test/parts/kubenode): trades are made through its front door by people who come from
// outside, every connection that the guide's table speaks of is tried from the network of the pod it begins at and compared with what
// internal/guide/reach says, secrets are rotated, a backup is made, an alert arrives, and the audit looks at the cluster as an operator would.
//
// What differs from a cluster that serves people is listed here, and nothing else does:
//
//   - an operator's own settings (overlays/production: site.yaml, settings.env): the host, the network, the asset;
//   - images: those of test/parts/images by their digests; to the authorities that indexer, backup and alertmanager trust, the test's own is added, as a layer;
//   - volumes: a StorageClass of folders on the node;
//   - Grafana has no pod: it is in no package that a test could install. Loki has none where it is not built.
//
// What the cluster has beside the overlay stands in for what a test does not install, and says so in its name or doc: the network plugin's policies (netpol), the
// secrets driver (csifiles), the ingress controller (controller, on nginx's image, with its labels, in its namespace). The node says that it has more
// processors than the machine, so that what the pods ask for fits on it.
//
// It takes minutes, and runs only when it is asked for: make stack-kube.
package kube
