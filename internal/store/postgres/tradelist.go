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

var finalStages = [...]escrow.Stage{underWay, escrow.StageEnded, escrow.StageCancelled}

// finalStage is what the indexes know of a trade's stage.
func finalStage(s escrow.Stage) escrow.Stage {
	if s == escrow.StageEnded || s == escrow.StageCancelled {
		return s
	}
	return underWay
}

// tradesQuery takes the places of trades from the one index that fits the filter best, in their order, and looks the trades up. An index that
// has the final stage between what is asked for and the order is read once for each of them (and each part) that the filter leaves open, and
// the branches are merged, which costs a few rows more and no sort. What no index has is looked at trade by trade: the stage of those under
// way, the asset or contract of a person's trades, the contract of an asset's.
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
		for _, final := range finalStages {
			if f.Stage == nil || finalStage(*f.Stage) == final {
				branch(table, append(conditions, fmt.Sprintf(`final_stage = %d`, final))...)
			}
		}
	}
	var rest []string // conditions on what was found
	also := func(column string, v any) { rest = append(rest, `s.`+column+` = `+arg(v)) }
	byAsset := false
	switch {
	case f.Account != "":
		account := `account = ` + arg(f.Account)
		for _, part := range []store.Part{store.PartBuyer, store.PartSeller, store.PartArbitrator} {
			if f.Part == "" || f.Part == part {
				stages(`participants`, account, fmt.Sprintf(`part = '%s'`, part))
			}
		}
	case f.Asset != "":
		stages(`standings`, `asset = `+arg(f.Asset))
		byAsset = true
	case f.Contract != "":
		stages(`standings`, `contract = `+arg(f.Contract))
	case f.Stage != nil:
		stages(`standings`)
	default:
		branch(`standings`)
	}
	if f.Stage != nil && finalStage(*f.Stage) == underWay {
		also(`stage`, int64(*f.Stage))
	}
	if f.Asset != "" && !byAsset {
		also(`asset`, f.Asset)
	}
	if f.Contract != "" && (f.Account != "" || byAsset) {
		also(`contract`, f.Contract)
	}
	where := ``
	if len(rest) > 0 {
		where = ` WHERE ` + strings.Join(rest, ` AND `)
	}
	return tradeQuery + `((` + strings.Join(branches, `) UNION ALL (`) + `)) places JOIN standings s ON s.opened = places.opened JOIN trades t ON t.id = s.trade` + where +
		` ORDER BY places.opened` + direction(f.Page) + ` LIMIT $2`, args
}
