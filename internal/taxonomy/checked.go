package taxonomy

import (
	"encoding/json"

	"github.com/heard-intake/heard/internal/fault"
)

// form is raised whenever phrases may say more than before: what other code
// has checked is compiled only by code that reads it in the same way.
const form = 2

type checked struct {
	Form int
	*Taxonomy
}

// Checked returns t in a form from which [Restore] makes it again without
// checking it: for machines, and equal bytes for an equal taxonomy.
func (t *Taxonomy) Checked() ([]byte, error) {
	data, err := json.Marshal(checked{form, t})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode taxonomy")
	}
	return data, nil
}

// Restore makes a taxonomy of what [Taxonomy.Checked] returned. It checks
// nothing again; what another version of this package wrote and this one
// cannot use is [fault.Invalid].
func Restore(data []byte) (*Taxonomy, error) {
	c := checked{Taxonomy: &Taxonomy{}}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "restore taxonomy")
	}
	t := c.Taxonomy
	if t == nil || c.Form != form || t.Schema != Schema || len(t.Reasons) == 0 {
		return nil, fault.New(fault.Invalid, "not a checked taxonomy of schema %s and form %d", Schema, form)
	}
	if t.OrderNumber != "" {
		var err error
		if t.orders, err = orderPattern(t.OrderNumber); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "restore taxonomy")
		}
	}
	return t.compiled(), nil
}
