package api

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// token is a name of the rules as it stands in JSON: "due_to_the_buyer".
func token(name fmt.Stringer) string { return strings.ReplaceAll(name.String(), " ", "_") }

// stageNamed reads a stage's name.
func stageNamed(name string) (escrow.Stage, bool) {
	for s := escrow.StageOpen; s <= escrow.StageCancelled; s++ {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}

// Names of roles: the parties', then a number from 1 for each seat.
const (
	buyerName   = "buyer"
	sellerName  = "seller"
	anyoneName  = "anyone"
	seatName    = "arbitrator-"
	appealsName = "appeal-arbitrator-"
)

// roleName is a role of these terms: buyer, seller, arbitrator-1 …, appeal-arbitrator-1 ….
func roleName(t *escrow.Terms, r escrow.Role) string {
	seat, first := int(r)-int(escrow.FirstSeat), len(t.Panel.Arbitrators)
	switch {
	case r == escrow.Buyer:
		return buyerName
	case r == escrow.Seller:
		return sellerName
	case r == escrow.Nobody:
		return anyoneName
	case seat < first:
		return seatName + strconv.Itoa(seat+1)
	default:
		return appealsName + strconv.Itoa(seat-first+1)
	}
}

// roleWords is a role in a sentence: the buyer, arbitrator 1.
func roleWords(t *escrow.Terms, r escrow.Role) string {
	name := roleName(t, r)
	if r.IsParty() {
		return "the " + name
	}
	return strings.ReplaceAll(name, "-", " ")
}

// roleNamed reads what roleName wrote.
func roleNamed(t *escrow.Terms, name string) (escrow.Role, bool) {
	for r := range t.Roles() {
		if roleName(t, r) == name {
			return r, true
		}
	}
	return 0, false
}

// roleNames are the names there are, in a sentence: buyer, seller, arbitrator-1 to arbitrator-3.
func roleNames(t *escrow.Terms) string {
	words := buyerName + ", " + sellerName
	for _, panel := range []struct {
		name string
		size int
	}{{seatName, len(t.Panel.Arbitrators)}, {appealsName, len(t.AppealPanel.Arbitrators)}} {
		if panel.size > 0 {
			words += ", " + panel.name + "1"
		}
		if panel.size > 1 {
			words += " to " + panel.name + strconv.Itoa(panel.size)
		}
	}
	return words
}

// likeAnAddress tells whether whoever wrote text meant an address, or a key, and not a name. Part of a secret key is not repeated either.
func likeAnAddress(text string) bool {
	const longest = 24 // of a name: appeal-arbitrator-10
	return len(text) > longest
}

// RoleOut is somebody with a role.
type RoleOut struct {
	Role    uint32         `json:"role" doc:"The contract's number"`
	Name    string         `json:"name" doc:"buyer, seller, arbitrator-1 …, appeal-arbitrator-1 …"`
	Address escrow.Address `json:"address"`
}

func rolesOut(t *escrow.Terms) []RoleOut {
	out := make([]RoleOut, 0, t.Roles())
	for r := range t.Roles() {
		who, _ := t.AddressOf(r)
		out = append(out, RoleOut{uint32(r), roleName(t, r), who})
	}
	return out
}
