// Package client is what a browser gets: the page with its styles and script, each with its headers and how long it may be kept. All of it is
// embedded and read once.
//
// It reaches nothing (docs/guide.md N2): figures are fetched by the browser from the api, which the ingress serves under the same name. TLS and what is
// said about it (HSTS, N12) belong to the ingress.
package client
