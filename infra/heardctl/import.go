package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/heard-intake/heard/infra/heardctl/client"
)

// A registerLine is one customer in a file: an entry, and its number.
type registerLine struct {
	Number string `json:"number"`
	client.Entry
}

// maxLine is the longest line of a register, in bytes.
const maxLine = 1 << 20

// atOnce is how many customers are registered at a time.
const atOnce = 8

// importRegister registers the customers of a file. A line that is refused
// does not keep the others out.
func (t *tool) importRegister(ctx context.Context, args []string) error {
	f := t.flags("import")
	if err := t.parse(f, args, 1, 1); err != nil {
		return err
	}
	c, err := t.open(ctx)
	if err != nil {
		return err
	}
	file, err := os.Open(f.Arg(0))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()

	var mu sync.Mutex
	var joined, alone, refused int
	register := func(n int, line []byte) {
		number, unjoined, err := registerOne(ctx, c, line)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			refused++
			fmt.Fprintf(t.out, "line %d: %v\n", n, err)
		case unjoined > 0:
			alone++
			fmt.Fprintf(t.out, "line %d: %s: not joined with %d customers who have one of these addresses and messages of their own\n", n, number, unjoined)
		default:
			joined++
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan() && ctx.Err() == nil; n++ {
		line := []byte(lines.Text())
		if len(line) == 0 {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			register(n, line)
		})
	}
	wg.Wait()
	fmt.Fprintf(t.out, "%d joined, %d not joined with everybody, %d refused\n", joined, alone, refused)
	if err := errors.Join(lines.Err(), ctx.Err()); err != nil {
		return err
	}
	if refused > 0 {
		return errors.New("some lines were refused")
	}
	return nil
}

func registerOne(ctx context.Context, c *client.Client, line []byte) (number string, unjoined int, err error) {
	var l registerLine
	if err := json.Unmarshal(line, &l); err != nil {
		return "", 0, err
	}
	if l.Number == "" {
		return "", 0, errors.New("number is missing")
	}
	l.Entry.Number = l.Number
	others, err := c.Register(ctx, l.Entry)
	return l.Number, len(others), err
}
