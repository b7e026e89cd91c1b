// Package minio starts a real MinIO, a server that knows S3, for one test: on 127.0.0.1 and a free port, with its files in a temporary folder and a user and a password made
// for it. It ends with the test, and with its binary, however that ends; it looks for no update and has no web page.
//
// It is built from its Go module at one version, once: `go run ./test/parts/minio/prepare`, three minutes on two idle processors. No test waits for that. Where it is
// not built, tests are skipped by name, or fail where parts are required (package parts).
//
// MinIO is under the AGPL. It is a server that tests talk to and nothing else: no program of ours has any of it, and none is released with one.
package minio
