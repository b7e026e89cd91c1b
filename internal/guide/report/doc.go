// Package report writes what came of an audit: as text for a tired operator, as JSON for programs, as SARIF 2.1.0 for code scanning, and as one HTML
// page that can be printed and works offline. All say the same.
package report
