// Package scans reads what scanners have found of a commit, from a folder that somebody has fetched: GitHub's list of analyses (analyses.json) and the SARIF of each (ID.sarif), as its API gives
// them. It asks nobody, and says nothing about what the results mean.
package scans
