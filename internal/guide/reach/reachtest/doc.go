// Package reachtest makes small clusters full of policies, to try package reach on: against a slow reading of the API's text in its own tests, and
// against another project's matcher in test/reach/cyclonus.
package reachtest
