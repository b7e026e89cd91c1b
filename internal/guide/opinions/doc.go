// Package opinions asks tools of others (checkov, hadolint, kube-score …) about the files that the guide has judged, and holds what they say against that: where they disagree, somebody has
// written down why, or it is a finding.
//
// It is the one room of the guide that starts programs: those of this machine, never one of the audited tree. A tool is shown copies of the files that it is to judge and nothing else of the
// tree, so that no settings, plug-ins or checks of the tree are there for it to load; it has a home that is empty, no network where the machine can take it away, and an end in time, with
// everything it has started. What it prints is read as anybody's.
package opinions
