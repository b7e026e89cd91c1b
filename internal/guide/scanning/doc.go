// Package scanning has the guide's section 3: what is looked for by machines, how often, and that a finding stops what is under way.
package scanning
