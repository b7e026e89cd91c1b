// Package engine audits containers that a real Docker Engine runs, started by the real Compose, and has them confined too little in each way that the guide's clauses name.
package engine
