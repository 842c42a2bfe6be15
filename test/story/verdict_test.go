package story_test

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// patience is how long after the end of an incident its problem may open: triage
// looks for rises in the last week.
const patience = 7 * 24 * time.Hour

// findIncident returns the index of the incident behind a problem, or -1. A problem
// without a product matches an incident of its reason with any product.
func findIncident(reason, product string, opened time.Time) int {
	return slices.IndexFunc(incidents, func(i incident) bool {
		from := begin.AddDate(0, 0, i.from)
		until := from.AddDate(0, 0, i.days).Add(patience)
		sameCause := i.reason == reason && (i.product == product || product == "")
		return i.isProblem() && sameCause && !opened.Before(from) && opened.Before(until)
	})
}

// logClassification logs how many messages of customers were classified correctly.
func (s *story) logClassification() {
	var all, right, unknown, wrong, named, product int
	for _, u := range s.said {
		if u.reason == "" {
			continue
		}
		all++
		got := s.shop.taxonomy.ClassifyAll(u.Text, taxonomy.Hints{}, nil)
		i := slices.IndexFunc(got, func(r taxonomy.Result) bool { return r.Reason == u.reason })
		switch {
		case i >= 0:
			right++
			if r, _ := s.shop.taxonomy.Reason(u.reason); r.PerProduct {
				named++
				if got[i].Product == u.product {
					product++
				}
			}
		case got[0].Reason == "":
			unknown++
		default:
			wrong++
		}
	}
	s.Logf("classification: %d texts with a reason; recall %.3f, unknown %.3f, another reason %.3f; of products %.3f",
		all, share(right, all), share(unknown, all), share(wrong, all), share(product, named))
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

// checkProblems compares the problems with the incidents, logs both, and requires recall
// and precision of at least 0.9.
func (s *story) checkProblems() {
	s.Helper()
	first := map[string]problem.Record{}
	latest := map[string]problem.Record{}
	var order []string
	for _, v := range s.table.versions {
		if _, ok := first[v.ID]; !ok {
			first[v.ID] = v
			order = append(order, v.ID)
		}
		latest[v.ID] = v
	}
	found := map[int][]string{}
	var rows strings.Builder
	w := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what happened\tkind\treason\tproduct\tbegan\tfound after\tcustomers then\tin the end\tstate")
	falseOnes := 0
	for _, id := range order {
		p := first[id]
		if p.Customers < 2 {
			s.Errorf("%s %s: opened with %d customers, want at least 2", p.Reason, p.Product, p.Customers)
		}
		if want := s.shop.taxonomy.Owner(p.Reason, p.Product); p.Department != want || s.places[id] != want {
			s.Errorf("%s %s: got department %s, want %s", p.Reason, p.Product, s.places[id], want)
		}
		n := findIncident(p.Reason, p.Product, p.OpenedAt)
		if into, ok := first[latest[id].MergedInto]; ok && n >= 0 && n == findIncident(into.Reason, into.Product, into.OpenedAt) {
			fmt.Fprintf(w, "(merged)\t\t%s\t%s\tday %d\t%.1f days\t%d\t\tinto %s %s\n", p.Reason, p.Product, incidents[n].from,
				p.OpenedAt.Sub(begin.AddDate(0, 0, incidents[n].from)).Hours()/24, p.Customers, into.Reason, into.Product)
			continue // merged into another problem of the same incident
		}
		if n < 0 {
			falseOnes++
			fmt.Fprintf(w, "(nothing)\t\t%s\t%s\t\tday %.1f\t%d\t%d\t%s\n", p.Reason, p.Product, p.OpenedAt.Sub(begin).Hours()/24, p.Customers, latest[id].Customers, latest[id].State)
			continue
		}
		found[n] = append(found[n], id)
	}
	hits, real := 0, 0
	for n, i := range incidents {
		line := fmt.Sprintf("%s\t%s\t%s\t%s\tday %d\t", i.name, i.kind, i.reason, i.product, i.from)
		switch {
		case !i.isProblem():
			line += "no problem"
		case len(found[n]) == 0:
			line += "MISSED"
		}
		if i.isProblem() {
			real++
		}
		for k, id := range found[n] {
			if k > 0 {
				falseOnes++
				line += "; AGAIN "
			} else {
				hits++
			}
			p := first[id]
			line += fmt.Sprintf("%.1f days\t%d\t%d\t%s", p.OpenedAt.Sub(begin.AddDate(0, 0, i.from)).Hours()/24, p.Customers, latest[id].Customers, latest[id].State)
			if p.Product != i.product {
				line += " (no product)"
			}
		}
		fmt.Fprintln(w, line)
	}
	_ = w.Flush()
	precision := share(hits, hits+falseOnes)
	recall := share(hits, real)
	s.Logf("\n%s\n%d of %d problems found, %d false problems: recall %.3f, precision %.3f", rows.String(), hits, real, falseOnes, recall, precision)
	const least = 0.9
	if recall < least || precision < least {
		s.Errorf("got recall %.3f and precision %.3f, want at least %.2f", recall, precision, least)
	}
}

// checkItems checks that the departments received every version of every problem, in
// order, from its opening to its end.
func (s *story) checkItems() {
	s.Helper()
	for _, v := range s.table.versions {
		if len(s.items[v.ID]) == 0 {
			s.Fatalf("no item for problem %s %s", v.Reason, v.Product)
		}
	}
	for id, items := range s.items {
		var told []string
		for n, i := range items {
			told = append(told, string(i.Event))
			if i.Version != n+1 {
				s.Errorf("%s: got version %d, want %d", id, i.Version, n+1)
			}
		}
		last := items[len(items)-1]
		unfinished := last.State == problem.Detected || last.State == problem.Acknowledged
		if told[0] != string(problem.EventOpened) || !slices.Contains(told, string(problem.EventState)) || unfinished {
			s.Errorf("%s %s: got events %v and last state %s, want opened first and a final state", last.Reason, last.Product, told, last.State)
		}
	}
}
