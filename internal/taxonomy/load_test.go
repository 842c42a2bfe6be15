package taxonomy_test

import (
	"os"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

func example(t testing.TB) *taxonomy.Taxonomy {
	t.Helper()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	x, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExample(t *testing.T) { example(t) }

func BenchmarkLoad(b *testing.B) {
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := taxonomy.Load(data); err != nil {
			b.Fatal(err)
		}
	}
}
