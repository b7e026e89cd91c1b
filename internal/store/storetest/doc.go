// Package storetest is what every engine must do, as tests: Run it from the engine's own test. It knows the engine by its methods only.
package storetest
