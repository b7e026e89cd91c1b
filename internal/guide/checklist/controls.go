package checklist

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// Controls are those of the section. Some ask what a clause of another section asks, whose control is among all.
func Controls(all []guide.Control) []guide.Control {
	of := func(id string) guide.Control {
		return all[slices.IndexFunc(all, func(c guide.Control) bool { return c.ID == id })]
	}
	return []guide.Control{
		guide.Again(of("S1"), "C1", "all secrets come from AWS Secrets Manager"),
		guide.Again(of("N9"), "C7", "Redis has its password"),
	}
}
