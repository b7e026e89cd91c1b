package postgres

import (
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const tradeColumns = `t.id, t.contract, t.terms, t.opened_by, t.stage, t.buyer_bond, t.seller_bond, t.last_deadline,
	t.opened, t.opened_at, t.updated, t.updated_at, t.ended_at`

// tradesQuery takes the places of trades from the one index that fits the filter best, in their order, and looks the trades up. An index that
// has the stage between what is asked for and the order is read once for each stage (and part) that the filter leaves open, and the branches
// are merged, which costs a few rows more and no sort. What no index has is looked at trade by trade: the other asset or contract of a
// person's trades, or of one asset in one contract.
func tradesQuery(f store.TradeFilter) (string, []any) {
	args := []any{from(f.Page), f.Limit}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	var branches []string
	branch := func(table string, conditions ...string) {
		branches = append(branches, fmt.Sprintf(`SELECT opened FROM %s WHERE %s ORDER BY opened%s`,
			table, strings.Join(append(conditions, `opened `+beyond(f.Page)+` $1`), ` AND `), direction(f.Page)))
	}
	stages := func(table string, conditions ...string) {
		for stage := escrow.StageOpen; stage <= escrow.StageCancelled; stage++ {
			if f.Stage == nil || *f.Stage == stage {
				branch(table, append(conditions, fmt.Sprintf(`stage = %d`, stage))...)
			}
		}
	}
	var rest []string // conditions on the trades themselves
	switch {
	case f.Stage != nil && *f.Stage > escrow.StageCancelled:
		branch(`trades`, `false`)
	case f.Account != "":
		account := `account = ` + arg(f.Account)
		for _, part := range []store.Part{store.PartBuyer, store.PartSeller, store.PartArbitrator} {
			if f.Part == "" || f.Part == part {
				stages(`participants`, account, fmt.Sprintf(`part = '%s'`, part))
			}
		}
		if f.Asset != "" {
			rest = append(rest, `t.asset = `+arg(f.Asset))
		}
		if f.Contract != "" {
			rest = append(rest, `t.contract = `+arg(f.Contract))
		}
	case f.Asset != "":
		stages(`trades`, `asset = `+arg(f.Asset))
		if f.Contract != "" {
			rest = append(rest, `t.contract = `+arg(f.Contract))
		}
	case f.Contract != "":
		stages(`trades`, `contract = `+arg(f.Contract))
	case f.Stage != nil:
		stages(`trades`)
	default:
		branch(`trades`)
	}
	where := ``
	if len(rest) > 0 {
		where = ` WHERE ` + strings.Join(rest, ` AND `)
	}
	return `SELECT ` + tradeColumns + ` FROM ((` + strings.Join(branches, `) UNION ALL (`) + `)) places JOIN trades t ON t.opened = places.opened` + where +
		` ORDER BY places.opened` + direction(f.Page) + ` LIMIT $2`, args
}
