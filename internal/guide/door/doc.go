// Package door has what the guide says of the front door: its TLS (N11, N14), its headers (N12, N13), its certificate (C5).
//
// The files are nginx's, as nginx reads them; what is running is asked by handshakes and requests. What an ingress in a cluster says is asked the same way,
// by naming it as the door.
package door
