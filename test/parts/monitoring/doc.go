// Package monitoring starts a real Prometheus and a real Alertmanager (as the system's packages install them) for one test, on 127.0.0.1 and a free port, with
// their files in a temporary folder. They end with the test, and with its binary, however that ends. Where the programs are not installed, tests are skipped by
// name, or fail where parts are required (package parts).
//
// Debian 12 has Prometheus 2.42 and Alertmanager 0.25, which is older than the one that is deployed: a webhook's url_file is unknown to it.
package monitoring
