// Package chromium drives a real Chromium (Debian's chromium and chromium-driver, as the system's packages install them) for one test: a page is opened,
// looked at and used as a person would, and what the browser itself complains about is heard. It speaks W3C WebDriver, and Chromium's own protocol where that
// has no word. It ends with the test, also when that is killed. Where the programs are not installed, tests are skipped by name, or fail where parts are
// required (package parts).
package chromium
