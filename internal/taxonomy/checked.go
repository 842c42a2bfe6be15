package taxonomy

import (
	"encoding/json"
	"fmt"

	"github.com/heard-intake/heard/internal/fault"
)

// Checked returns t in a form from which [Restore] makes it again without
// checking it: for machines, and equal bytes for an equal taxonomy.
func (t *Taxonomy) Checked() ([]byte, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode taxonomy")
	}
	return data, nil
}

// Restore makes a taxonomy of what [Taxonomy.Checked] returned. It checks
// nothing again; what another version of this package wrote and this one
// cannot use is [fault.Invalid].
func Restore(data []byte) (t *Taxonomy, err error) {
	t = &Taxonomy{}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "restore taxonomy")
	}
	if t.Schema != Schema || len(t.Reasons) == 0 {
		return nil, fault.New(fault.Invalid, "not a checked taxonomy of schema %s", Schema)
	}
	if t.OrderNumber != "" {
		if t.orders, err = orderPattern(t.OrderNumber); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "restore taxonomy")
		}
	}
	defer func() {
		if r := recover(); r != nil { // a phrase in a way of writing that this version does not know
			t, err = nil, fault.New(fault.Invalid, "restore taxonomy: %s", fmt.Sprint(r))
		}
	}()
	t.match = compile(t, newPhraser(t.Words))
	return t, nil
}
