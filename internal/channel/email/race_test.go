//go:build race

package email_test

// slower is what the race detector makes of a second.
const slower = 10
