// Package thread runs functions where a thread has changed what it alone has, such as its namespaces, so that nobody else ever runs there.
package thread
