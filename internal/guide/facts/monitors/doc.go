// Package monitors reads the files of Prometheus, Alertmanager, Loki and Grafana, as those programs read them.
//
// Alertmanager's is read by its own loader, of the version that is deployed, and Grafana's by the library that Grafana uses. Prometheus' loader links the SDKs
// of three clouds and Loki's all of Loki: of their files only what the guide asks about is read here, with their own durations, and that the whole is one that
// they take is shown by running them (test/parts/monitoring).
package monitors
