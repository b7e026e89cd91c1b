package ctl

import (
	"fmt"
	"time"
)

// when shows a ledger's time.
func when(unix uint64) string { return time.Unix(int64(unix), 0).UTC().Format(time.RFC3339) }

// span shows a number of seconds: 3d, 12h, 90m or 30s, the largest unit that is exact.
func span(seconds uint64) string {
	for _, u := range []struct {
		seconds uint64
		name    string
	}{{86_400, "d"}, {3_600, "h"}, {60, "m"}} {
		if seconds > 0 && seconds%u.seconds == 0 {
			return fmt.Sprintf("%d%s", seconds/u.seconds, u.name)
		}
	}
	return fmt.Sprintf("%ds", seconds)
}

func between(least, most uint64) string { return span(least) + " to " + span(most) }
