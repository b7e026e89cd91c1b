package network

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
)

// opened adds to a part's policy one connection more than its row has. C4 sees that the policy is not the tree's.
func opened(part, what, direction, peers, other string, port int64) guide.Break {
	return breaks.Change(surplus, what, policy(part), func(o breaks.Fields) error {
		return o.Append(map[string]any{
			peers:   []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{partLabel: other}}}},
			"ports": []any{map[string]any{"protocol": "TCP", "port": port}},
		}, "spec", direction)
	}, differs)
}

// shut takes all of one direction from a part's policy.
func shut(part, what, direction string) guide.Break {
	return breaks.Change(missing, what, policy(part), func(o breaks.Fields) error { return o.Set([]any{}, "spec", direction) }, differs)
}

// everywhere takes the exceptions from the addresses that are outside.
func everywhere(o breaks.Fields) error {
	rules, err := o.List("spec", "egress")
	if err != nil {
		return err
	}
	taken := 0
	for _, r := range rules {
		rule, _ := r.(map[string]any)
		to, _ := rule["to"].([]any)
		for _, p := range to {
			peer, _ := p.(map[string]any)
			if block, ok := peer["ipBlock"].(map[string]any); ok {
				delete(block, "except")
				taken++
			}
		}
	}
	if taken == 0 {
		return fmt.Errorf("no rule of the policy names addresses")
	}
	return o.Set(rules, "spec", "egress")
}
