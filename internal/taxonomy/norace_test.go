//go:build !race

package taxonomy_test

const raceEnabled = false
