// Package refusals counts for Prometheus what nginx refuses by itself, which no part behind it gets to see: methods, sizes, rates (docs/guide.md M3, M6, M7).
//
// nginx has no metrics of its own beyond how many connections there are. It can tell a datagram, though, for each request that it refused (nginx/include/
// logs.conf): so it neither waits for whoever counts nor fails without it, no log is read back from a disk, and no foreign program has to be trusted with
// one. A flood may lose some of the datagrams; the alerts are about rates far below that.
//
// What is counted as a refusal nginx says, in words of the lists in nginx/include/refusals.conf; here they are added up.
package refusals
