package problem_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

func TestCaller_Reaches(t *testing.T) {
	t.Parallel()
	owned := problem.Problem{Department: "billing"}
	escalated := problem.Problem{Department: "billing", EscalatedTo: "it"}
	unowned := problem.Problem{}
	for name, tt := range map[string]struct {
		caller                    problem.Caller
		owned, escalated, unowned bool
	}{
		"the zero value":        {problem.Caller{}, false, false, false},
		"the owner":             {problem.NewCaller("els", []string{"billing"}, false), true, true, false},
		"the escalation target": {problem.NewCaller("els", []string{"it"}, false), false, true, false},
		"several departments":   {problem.NewCaller("els", []string{"it", "billing", "it"}, false), true, true, false},
		"another department":    {problem.NewCaller("els", []string{"sales"}, false), false, false, false},
		"an empty department":   {problem.NewCaller("els", []string{""}, false), false, false, false},
		"a forged empty one":    {problem.Caller{Departments: []string{""}}, false, false, false},
		"another case":          {problem.NewCaller("els", []string{"Billing"}, false), false, false, false},
		"all departments":       {problem.CallerForAll("els"), true, true, true},
		"all and one":           {problem.NewCaller("els", []string{"sales"}, true), true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.caller.Reaches(owned); got != tt.owned {
				t.Errorf("Reaches(owned by billing) = %t, want %t", got, tt.owned)
			}
			if got := tt.caller.Reaches(escalated); got != tt.escalated {
				t.Errorf("Reaches(escalated to it) = %t, want %t", got, tt.escalated)
			}
			if got := tt.caller.Reaches(unowned); got != tt.unowned {
				t.Errorf("Reaches(without department) = %t, want %t", got, tt.unowned)
			}
			err := tt.caller.Check(owned)
			if refused := fault.Is(err, fault.Forbidden); refused == tt.owned || (err == nil) != tt.owned {
				t.Errorf("Check(owned by billing) = %v, reached %t", err, tt.owned)
			}
		})
	}
}

func TestCaller_MayMerge(t *testing.T) {
	t.Parallel()
	billing := problem.Problem{Department: "billing"}
	logistics := problem.Problem{Department: "logistics"}
	leadBilling := problem.Problem{Department: "billing", EscalatedTo: "care"}
	leadLogistics := problem.Problem{Department: "logistics", EscalatedTo: "care"}
	care := problem.Problem{Department: "care"}
	limited := func(departments ...string) problem.Caller { return problem.NewCaller("els", departments, false) }
	for name, tt := range map[string]struct {
		caller  problem.Caller
		p, into problem.Problem
		want    bool
	}{
		"both of the owner":                  {limited("billing"), billing, billing, true},
		"both of the owner, both escalated":  {limited("billing"), leadBilling, leadBilling, true},
		"both escalated, of one owner":       {limited("care"), leadBilling, leadBilling, true},
		"both escalated, of two owners":      {limited("care"), leadLogistics, leadBilling, false},
		"an escalated one into one's own":    {limited("care"), leadBilling, care, false},
		"one's own into an escalated one":    {limited("care"), care, leadBilling, false},
		"into one of another department":     {limited("billing"), billing, logistics, false},
		"from one of another department":     {limited("billing"), logistics, billing, false},
		"one owner, only one escalated":      {limited("care"), leadBilling, billing, false},
		"of two departments of the caller":   {limited("billing", "logistics"), billing, logistics, true},
		"of a lead that acts for one owner":  {limited("care", "billing"), leadBilling, leadLogistics, false},
		"of a lead that acts for all owners": {limited("care", "billing", "logistics"), leadBilling, leadLogistics, true},
		"by a caller of all departments":     {problem.CallerForAll("els"), billing, logistics, true},
		"by the zero value":                  {problem.Caller{}, problem.Problem{}, problem.Problem{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.caller.MayMerge(tt.p, tt.into); got != tt.want {
				t.Errorf("MayMerge = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestCaller_MayDecide(t *testing.T) {
	t.Parallel()
	billing, all := problem.NewCaller("els", []string{"billing"}, false), problem.CallerForAll("els")
	for _, tt := range []struct {
		announcedTo  string
		billing, all bool
	}{{"billing", true, true}, {"it", false, true}, {"", false, true}} {
		if got := billing.MayDecide(tt.announcedTo); got != tt.billing {
			t.Errorf("billing judges what %q was sent = %t, want %t", tt.announcedTo, got, tt.billing)
		}
		if got := all.MayDecide(tt.announcedTo); got != tt.all {
			t.Errorf("a caller of all judges what %q was sent = %t, want %t", tt.announcedTo, got, tt.all)
		}
	}
}

func TestCaller_ActsForAnyOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		caller problem.Caller
		known  []string
		want   bool
	}{
		"a known one":            {problem.NewCaller("els", []string{"it"}, false), []string{"billing", "it"}, true},
		"a known one beside":     {problem.NewCaller("els", []string{"cellar", "it"}, false), []string{"billing", "it"}, true},
		"an unknown one":         {problem.NewCaller("els", []string{"cellar"}, false), []string{"billing", "it"}, false},
		"another case":           {problem.NewCaller("els", []string{"IT"}, false), []string{"billing", "it"}, false},
		"none":                   {problem.NewCaller("els", nil, false), []string{"billing", ""}, false},
		"all":                    {problem.CallerForAll("els"), []string{"billing"}, true},
		"all and an unknown":     {problem.NewCaller("els", []string{"cellar"}, true), []string{"billing"}, true},
		"one, and none is known": {problem.NewCaller("els", []string{"it"}, false), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.caller.ActsForAnyOf(tt.known); got != tt.want {
				t.Errorf("ActsForAnyOf(%q) = %t, want %t", tt.known, got, tt.want)
			}
		})
	}
}

func TestNewCaller_DepartmentsSortedOnce(t *testing.T) {
	t.Parallel()
	c := problem.NewCaller("els", []string{"it", "", "billing", "it"}, false)
	if len(c.Departments) != 2 || c.Departments[0] != "billing" || c.Departments[1] != "it" {
		t.Errorf("departments %v, want [billing it]", c.Departments)
	}
	if !c.ActsForAny() {
		t.Error("a caller of two departments acts for none")
	}
	if problem.NewCaller("els", []string{""}, false).ActsForAny() {
		t.Error("an empty department counts as one")
	}
}
