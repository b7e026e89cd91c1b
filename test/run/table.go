package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// tally is a line of the table that ends `make prove`: the sum of what a proof's steps have counted.
type tally struct {
	counts     string
	done, of   int // of 0: it does not say of how many
	steps, all int
}

// counted is how a figure begins that is added up: "12 actions …", or "11 of 12 mutants …".
var counted = regexp.MustCompile(`^(\d+)(?: of (\d+))? `)

func tallyOf(p proof, done proven) tally {
	sum := tally{counts: p.counts, steps: len(done), all: p.steps}
	for _, figures := range done {
		for _, figure := range figures {
			m := counted.FindStringSubmatch(figure)
			if m == nil {
				continue
			}
			n, _ := strconv.Atoi(m[1])
			of, _ := strconv.Atoi(m[2])
			sum.done, sum.of = sum.done+n, sum.of+of
		}
	}
	return sum
}

// table says what has been proved of this tree so far, in this run and before it.
func table(all []tally) string {
	var b strings.Builder
	b.WriteString("proved of this tree:\n")
	for _, t := range all {
		number := grouped(t.done)
		if t.of > 0 {
			number += " / " + grouped(t.of)
		}
		if t.steps < t.all {
			number += fmt.Sprintf(" (%d of %d steps)", t.steps, t.all)
		}
		fmt.Fprintf(&b, "  %-26s %s\n", t.counts, number)
	}
	return b.String()
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
