// Package demo plays trades through the HTTP API as their people would: each signs what the API prepared with a key of its own, and each step
// is shown as a person would want to read it. At the end every balance is counted, and compared with what the terms say by a sum made here
// by hand, so that the play fails if a single stroop is not where it belongs.
package demo
