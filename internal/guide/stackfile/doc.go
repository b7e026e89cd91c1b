// Package stackfile is the Compose file of a checkout, as several sections of the guide ask about it.
package stackfile
