package procs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ID is a user or a group, as this program sees it and as the process does, which differ in another user namespace.
type ID struct {
	Outside uint32
	// Inside is the number in the process's own user namespace; Mapped tells that it has one there.
	Inside uint32
	Mapped bool
}

// Root tells that it is 0 on either side: root inside a user namespace may do there what root may.
func (id ID) Root() bool { return id.Outside == 0 || id.Mapped && id.Inside == 0 }

// idRange is a line of uid_map: count numbers from inside on are those from outside on.
type idRange struct{ inside, outside, count uint64 }

const maxRanges = 340 // that the kernel takes (user_namespaces(7))

func parseMap(text string) (ranges []idRange, err error) {
	for line := range strings.Lines(text) {
		var r idRange
		fields := strings.Fields(line)
		if len(fields) != 3 || len(ranges) == maxRanges {
			return nil, fmt.Errorf("a map's line %.60q", line)
		}
		for i, into := range []*uint64{&r.inside, &r.outside, &r.count} {
			if *into, err = strconv.ParseUint(fields[i], 10, 32); err != nil {
				return nil, fmt.Errorf("a map's line %.60q: %w", line, err)
			}
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// identity maps each number to itself: what a process in our own user namespace sees is what we see.
func identity() []idRange { return []idRange{{0, 0, math.MaxUint32}} }

func inside(outside uint32, ranges []idRange) ID {
	for _, r := range ranges {
		if n := uint64(outside); n >= r.outside && n < r.outside+r.count {
			return ID{Outside: outside, Inside: uint32(r.inside + n - r.outside), Mapped: true}
		}
	}
	return ID{Outside: outside}
}
