package taxonomy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/taxonomy"
)

func TestNoReason_Suggestions(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	for wrong, want := range map[string]string{
		"invoice-uncler": "invoice-unclear", "invoice_unclear": "invoice-unclear", "invoiceunclear": "invoice-unclear", "Invoice-Unclear": "invoice-unclear",
		"unclear-manual": "manual-unclear", "manual": "manual-missing", "delivery late": "delivery-late", "refund": "refund-missing",
	} {
		err := tax.NoReason(wrong)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "; similar reasons are "+want+", ") {
			t.Errorf("NoReason(%q) = %v, want %s as the first suggestion", wrong, err, want)
		}
	}
	for _, odd := range []string{"", "-", "\x00", "€", strings.Repeat("x", 100_000)} {
		if err := tax.NoReason(odd); !fault.Is(err, fault.Invalid) || len(err.Error()) > 300 {
			t.Errorf("NoReason(%.20q) = %v, want a short error of kind %s", odd, err, fault.Invalid)
		}
	}
}
