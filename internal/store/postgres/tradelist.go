package postgres

import (
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// tradeQuery reads trades from their places: it goes on with a join of standings s.
const tradeQuery = `SELECT t.id, t.contract, t.terms, t.opened_by, s.stage, s.buyer_bond, s.seller_bond, t.last_deadline,
	t.opened, t.opened_at, s.updated, s.updated_at, s.ended_at FROM `

// underWay is the final stage of a trade that is in none.
const underWay = escrow.StageOpen

var (
	everyStage  = [...]escrow.Stage{escrow.StageOpen, escrow.StageAgreed, escrow.StageFunded, escrow.StageEnded, escrow.StageCancelled}
	finalStages = [...]escrow.Stage{underWay, escrow.StageEnded, escrow.StageCancelled}
)

// finalStage is what participants know of a trade's stage.
func finalStage(s escrow.Stage) escrow.Stage {
	if s == escrow.StageEnded || s == escrow.StageCancelled {
		return s
	}
	return underWay
}

// tradesQuery takes the places of trades from the one index that fits the filter best, in their order, and looks the trades up. An index that
// has the stage between what is asked for and the order is read once for each stage (and part) that the filter leaves open, and the branches
// are merged, which costs a few rows more and no sort. What no index has is looked at trade by trade: the asset or contract of a
// person's trades, the contract of an asset's, and the stage of a person's that are under way.
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
	stages := func(column, table string, all []escrow.Stage, conditions ...string) {
		for _, stage := range all {
			branch(table, append(conditions, fmt.Sprintf(`%s = %d`, column, stage))...)
		}
	}
	open, final := everyStage[:], finalStages[:]
	if f.Stage != nil {
		open, final = []escrow.Stage{*f.Stage}, []escrow.Stage{finalStage(*f.Stage)}
	}
	var rest []string // conditions on the trades themselves
	also := func(column string, v any) { rest = append(rest, `s.`+column+` = `+arg(v)) }
	switch {
	case f.Stage != nil && *f.Stage > escrow.StageCancelled:
		branch(`standings`, `false`)
	case f.Account != "":
		account := `account = ` + arg(f.Account)
		for _, part := range []store.Part{store.PartBuyer, store.PartSeller, store.PartArbitrator} {
			if f.Part == "" || f.Part == part {
				stages(`final_stage`, `participants`, final, account, fmt.Sprintf(`part = '%s'`, part))
			}
		}
		if f.Stage != nil && finalStage(*f.Stage) == underWay {
			also(`stage`, int64(*f.Stage))
		}
		if f.Asset != "" {
			also(`asset`, f.Asset)
		}
		if f.Contract != "" {
			also(`contract`, f.Contract)
		}
	case f.Asset != "":
		stages(`stage`, `standings`, open, `asset = `+arg(f.Asset))
		if f.Contract != "" {
			also(`contract`, f.Contract)
		}
	case f.Contract != "":
		stages(`stage`, `standings`, open, `contract = `+arg(f.Contract))
	case f.Stage != nil:
		stages(`stage`, `standings`, open)
	default:
		branch(`standings`)
	}
	where := ``
	if len(rest) > 0 {
		where = ` WHERE ` + strings.Join(rest, ` AND `)
	}
	return tradeQuery + `((` + strings.Join(branches, `) UNION ALL (`) + `)) places JOIN standings s ON s.opened = places.opened JOIN trades t ON t.id = s.trade` + where +
		` ORDER BY places.opened` + direction(f.Page) + ` LIMIT $2`, args
}
