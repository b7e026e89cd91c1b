// Package controller stands in for ingress-nginx's controller, whose image no test pulls: it writes the configuration of an nginx (1.22 or newer) from the
// Ingress objects of a cluster and the controller's own settings (k8s/ingress-nginx), by its documentation. So what is looked at through that nginx is
// what our manifests say, in our reading of the controller's words.
//
// It knows the settings and annotations that ours use. One that it does not know is an error: passed over, it would seem to hold.
package controller
