package taxonomy_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// BenchmarkStart measures the loading of a taxonomy at the start of a function.
func BenchmarkStart(b *testing.B) {
	file := exampleFile(b)
	checked, err := loadExample(b).Checked()
	if err != nil {
		b.Fatal(err)
	}
	for name, start := range map[string]func() (*taxonomy.Taxonomy, error){
		"load":    func() (*taxonomy.Taxonomy, error) { return taxonomy.Load(file) },
		"restore": func() (*taxonomy.Taxonomy, error) { return taxonomy.Restore(checked) },
		"restore and classify": func() (*taxonomy.Taxonomy, error) {
			x, err := taxonomy.Restore(checked)
			if err == nil {
				x.Classify("factuur", taxonomy.Hints{})
			}
			return x, err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := start(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
