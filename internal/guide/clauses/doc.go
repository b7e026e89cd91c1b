// Package clauses puts the sections of the guide together.
package clauses
