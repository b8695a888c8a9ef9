package report

import "fmt"

// confusion is a table of the judge's classes and the chosen ones, in percent of its rows.
type confusion struct {
	Title   string
	Columns []string
	Rows    []confusionRow
}

type confusionRow struct {
	Class   string
	Shares  []string
	Patches int
}

// confusions gives the last table of each stage that has any. Tables that are not square are passed over.
func (r *run) confusions() []confusion {
	const most = 10 // classes; a log that is out of order should not make an endless page
	var all []confusion
	for _, s := range r.stages {
		for i := len(s.validations) - 1; i >= 0; i-- {
			e := s.validations[i]
			n := len(e.Confusion)
			if n == 0 || n > most {
				continue
			}
			table := confusion{Title: fmt.Sprintf("%s, step %d", s.title(), e.Step)}
			for class, counts := range e.Confusion {
				if len(counts) != n {
					break
				}
				table.Columns = append(table.Columns, r.class(class))
				table.Rows = append(table.Rows, r.confusionRow(class, counts))
			}
			if len(table.Rows) == n {
				all = append(all, table)
				break
			}
		}
	}
	return all
}

func (r *run) confusionRow(class int, counts []int) confusionRow {
	row := confusionRow{Class: r.class(class)}
	for _, n := range counts {
		row.Patches += n
	}
	for _, n := range counts {
		row.Shares = append(row.Shares, fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(row.Patches, 1))))
	}
	return row
}
