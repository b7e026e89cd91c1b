// Package tlsprobe finds out what a TLS server accepts: protocol versions from SSLv2 to TLS 1.3, cipher suites of each, and a few
// features; which certificates it shows, until when they are good and who vouches for them; and whether it staples a response of its
// certificate's OCSP responder (docs/guide.md N11, N14, C5, M4, M5).
//
// crypto/tls can neither offer SSLv3 nor NULL, EXPORT or anonymous suites, so those questions are asked by a ClientHello of our own, and
// of the answer only the ServerHello or the alert is read. No key is agreed on: the connection ends there. A connection tells at most one
// accepted suite, so all suites are offered at once, the chosen one is taken out, and again, until the server refuses the rest: one
// connection more than there are accepted suites. A server that closes without an alert may have choked on the length of the list, so the list is
// then halved down to a size that every server takes.
//
// Certificates and stapled responses come from real handshakes of crypto/tls.
package tlsprobe
