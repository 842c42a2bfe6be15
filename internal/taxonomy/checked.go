package taxonomy

import (
	"encoding/json"

	"github.com/heard-intake/heard/internal/fault"
)

// checkedFormat is the version of the checked form. It must be increased with
// every change of the phrase syntax, so that no code compiles phrases that were
// checked by a version with another syntax.
const checkedFormat = 2

// checkedTaxonomy is the JSON of the checked form.
type checkedTaxonomy struct {
	Form int
	*Taxonomy
}

// Checked returns t as JSON from which [Restore] rebuilds it without repeating the
// checks. Equal taxonomies have equal bytes.
func (t *Taxonomy) Checked() ([]byte, error) {
	data, err := json.Marshal(checkedTaxonomy{checkedFormat, t})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode taxonomy")
	}
	return data, nil
}

// Restore rebuilds a taxonomy from the result of [Taxonomy.Checked], without
// checking it again. It returns a [fault.Invalid] for data of a version of this
// package with another schema or phrase syntax.
func Restore(data []byte) (*Taxonomy, error) {
	c := checkedTaxonomy{Taxonomy: &Taxonomy{}}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "decode checked taxonomy")
	}
	t := c.Taxonomy
	compatible := c.Form == checkedFormat && t != nil && t.Schema == Schema
	if !compatible || len(t.Reasons) == 0 {
		return nil, fault.New(fault.Invalid, "not a checked taxonomy with schema %s and form %d", Schema, checkedFormat)
	}
	if t.OrderNumber != "" {
		var err error
		if t.orderNumbers, err = compileOrderNumber(t.OrderNumber); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "compile pattern of order numbers")
		}
	}
	return t.prepareMatcher(), nil
}
