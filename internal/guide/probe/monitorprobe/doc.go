// Package monitorprobe asks the monitoring that runs what it runs with: Prometheus for its flags and whom it tells of alerts, Alertmanager and Loki for the
// configuration that they have loaded, Grafana whether it lets its default user in (docs/guide.md A2, C6, M11).
//
// It reads, and tries one login: Grafana counts failed ones and shuts a user out for five minutes after the fifth, so no more than one is tried at a time.
package monitorprobe
