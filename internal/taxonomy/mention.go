package taxonomy

// Mentioned returns the id of the product that a text names. It returns "" if the
// text names no product, or several equally.
func (t *Taxonomy) Mentioned(text string) string {
	m := t.matcher()
	s := m.acquireState()
	defer m.pool.Put(s)
	m.scanText(s, text)
	return t.chooseProduct(s, Hints{})
}
