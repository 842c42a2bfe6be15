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

// patience is how long after an incident ended its problem may open: rises are
// looked for in the last week.
const patience = 7 * 24 * time.Hour

// matching returns the incident that a problem is of, below 0 where there is
// none. A problem without its product is of the incident of that reason.
func matching(reason, product string, opened time.Time) int {
	return slices.IndexFunc(incidents, func(i incident) bool {
		from := begin.AddDate(0, 0, i.from)
		return i.real() && i.reason == reason && (i.product == product || product == "") &&
			!opened.Before(from) && opened.Before(from.AddDate(0, 0, i.days).Add(patience))
	})
}

// classification tells how well what customers write was understood, message
// by message.
func (s *story) classification() {
	all, right, unknown, wrong, named, product := 0, 0, 0, 0, 0, 0
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
		all, part(right, all), part(unknown, all), part(wrong, all), part(product, named))
}

func part(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

// verdict compares the problems with the incidents, and prints them.
func (s *story) verdict() {
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
			s.Errorf("%s %s was opened by %d customer", p.Reason, p.Product, p.Customers)
		}
		if want := s.shop.taxonomy.Owner(p.Reason, p.Product); p.Department != want || s.places[id] != want {
			s.Errorf("%s %s went to %s, not %s", p.Reason, p.Product, s.places[id], want)
		}
		n := matching(p.Reason, p.Product, p.OpenedAt)
		if into, ok := first[latest[id].MergedInto]; ok && n >= 0 && n == matching(into.Reason, into.Product, into.OpenedAt) {
			fmt.Fprintf(w, "(merged)\t\t%s\t%s\tday %d\t%.1f days\t%d\t\tinto %s %s\n", p.Reason, p.Product, incidents[n].from,
				p.OpenedAt.Sub(begin.AddDate(0, 0, incidents[n].from)).Hours()/24, p.Customers, into.Reason, into.Product)
			continue // the same cause, and one problem by now
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
		case !i.real():
			line += "no problem"
		case len(found[n]) == 0:
			line += "MISSED"
		}
		if i.real() {
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
	precision, recall := part(hits, hits+falseOnes), part(hits, real)
	s.Logf("\n%s\n%d of %d problems found, %d that were none: recall %.3f, precision %.3f", rows.String(), hits, real, falseOnes, recall, precision)
	const least = 0.9
	if recall < least || precision < least {
		s.Errorf("recall and precision have to be at least %.2f", least)
	}
}

// queues holds the items to the whole story, in order.
func (s *story) queues() {
	s.Helper()
	for _, v := range s.table.versions {
		if len(s.items[v.ID]) == 0 {
			s.Fatalf("nobody was told of %s %s", v.Reason, v.Product)
		}
	}
	for id, items := range s.items {
		var told []string
		for n, i := range items {
			told = append(told, string(i.Event))
			if i.Version != n+1 {
				s.Errorf("item %d of %s is version %d", n+1, id, i.Version)
			}
		}
		last := items[len(items)-1]
		if told[0] != string(problem.EventOpened) || !slices.Contains(told, string(problem.EventState)) || last.State == problem.Detected || last.State == problem.Acknowledged {
			s.Errorf("%s %s: the items tell %v, and end at %s", last.Reason, last.Product, told, last.State)
		}
	}
}
