// Package secrets has the guide's section 2: where secrets come from, who holds them, and that none is where it does not belong.
package secrets
