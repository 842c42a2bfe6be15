package taxonomy_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/taxonomy"
)

func ExampleTaxonomy_Classify() {
	t, err := taxonomy.Load([]byte(small))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := t.Classify("De lamp werkt niet", taxonomy.Hints{})
	fmt.Println(r.Reason, r.Product, r.Department, r.Matched)
	// Output: defect lamp it [werkt niet]
}

func ExampleLoad_errors() {
	_, err := taxonomy.Load([]byte("schema: \"1\"\nversion: \"7\"\ndepartments: 3\n"))
	fmt.Println(err)
	// Output:
	// the taxonomy has 3 error(s): line 1: products: is missing or empty; write at least one entry
	// line 1: reasons: is missing or empty; write at least one entry
	// line 3: departments: must be a list; begin each entry with -
}
