package reach

import "fmt"

// maxCells is how large a matrix may be: what a person can look at.
const maxCells = 40_000

// Matrix is what a report shows: who may open connections (a row) to whom (a column).
type Matrix struct {
	Rows    []Party  `json:"rows"`
	Columns []Party  `json:"columns"`
	Cells   [][]Cell `json:"cells"` // by row and column
}

// Cell is one pair of the matrix.
type Cell struct {
	Explanation
	// Judged is false for two ranges, between which no policy of the cluster is; the explanation is then empty but for the names.
	Judged bool `json:"judged"`
}

// Matrix is the explained answers for these rows and columns, all parties where none are named. It is an error if there is no such party, and
// ErrTooLarge, wrapped, if there would be more than 40,000 cells.
func (g *Graph) Matrix(rows, columns []string) (Matrix, error) {
	m := Matrix{}
	var err error
	if m.Rows, err = g.named(rows); err != nil {
		return Matrix{}, err
	}
	if m.Columns, err = g.named(columns); err != nil {
		return Matrix{}, err
	}
	if n := len(m.Rows) * len(m.Columns); n > maxCells {
		return Matrix{}, fmt.Errorf("a matrix of %d cells: %w: at most %d, name fewer rows or columns", n, ErrTooLarge, maxCells)
	}
	for _, from := range m.Rows {
		line := make([]Cell, len(m.Columns))
		for j, to := range m.Columns {
			c := Cell{Explanation: Explanation{From: from.Name, To: to.Name}}
			if c.Judged = from.Kind != Outside || to.Kind != Outside; c.Judged {
				if c.Explanation, err = g.Explain(from.Name, to.Name); err != nil {
					return Matrix{}, err
				}
			}
			line[j] = c
		}
		m.Cells = append(m.Cells, line)
	}
	return m, nil
}

func (g *Graph) named(names []string) ([]Party, error) {
	if len(names) == 0 {
		return g.Parties(), nil
	}
	var list []Party
	for _, name := range names {
		i, ok := g.index[name]
		if !ok {
			return nil, fmt.Errorf("there is no endpoint or range called %q", name)
		}
		list = append(list, g.parties[i].Party)
	}
	return list, nil
}
