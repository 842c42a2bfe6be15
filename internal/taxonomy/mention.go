package taxonomy

// Mentioned returns the product that a text names, whatever its reason; empty
// when it names none, or several with nothing to choose by.
func (t *Taxonomy) Mentioned(text string) string {
	m := t.match()
	s := m.scratch()
	defer m.pool.Put(s)
	m.scan(s, text)
	return t.product(s, Hints{})
}
