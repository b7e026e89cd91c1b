// Package monitoring has the clauses of the guide about what is watched, kept and told: A2, C6 and M11.
package monitoring
