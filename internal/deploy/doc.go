// Package deploy puts the contract on a network and makes the platform's own calls to it, each as one transaction that is simulated, compared
// with what it should ask for, signed, sent and awaited.
//
// It is for operators (internal/ctl) and for `dev`; no server imports it. What a trader signs is prepared by internal/api.
package deploy
