package guide

// Matrix is who may open connections to whom, and what was meant: a picture of the network clauses for people. What is judged, the clauses judge.
type Matrix struct {
	Rows    []string `json:"rows"`    // who opens connections
	Columns []string `json:"columns"` // to whom
	Cells   [][]Link `json:"cells"`   // by row and column
}

// Link is one cell of a matrix.
type Link struct {
	State LinkState `json:"state"`
	// Open are the ports that are open, as "5432/TCP"; where the state is Shut or OneSided, those that are not.
	Open string `json:"open,omitempty"`
	// Why is the reason of an addition, or what is wrong and by which rule.
	Why string `json:"why,omitempty"`
}

// LinkState is what a link is, held against what was asked for.
type LinkState string

// The states of a link.
const (
	Closed   LinkState = "closed"             // nobody asked, nothing is open
	Self     LinkState = "itself"             // a part and itself, of which nothing is asked and nothing is open
	Wanted   LinkState = "open as the guide"  // the guide's table has it, and it is open
	Added    LinkState = "open by addition"   // a listed addition has it, with its reason, and it is open
	OneSided LinkState = "asked by one side"  // a row of one part has it and none of the other: shut, as the two rows come to
	Surplus  LinkState = "open and not asked" // it is wrong
	Shut     LinkState = "asked and shut"     // it is wrong
	HalfOpen LinkState = "open on one side"   // one side lets through more than its row, and the other does not: it is wrong, and nothing passes yet
)

// Wrong tells whether a clause fails by it.
func (s LinkState) Wrong() bool { return s == Surplus || s == Shut || s == HalfOpen }
