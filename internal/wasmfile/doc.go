// Package wasmfile reads how a WebAssembly module is laid out: its sections with their sizes, and what it imports and exports.
// It neither validates nor runs anything.
package wasmfile
