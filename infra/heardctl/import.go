package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/heard-intake/heard/internal/identity"
)

// A registerLine is one customer in the company's own register.
type registerLine struct {
	Number string           `json:"number"`
	Name   string           `json:"name,omitempty"`
	Locale string           `json:"locale,omitempty"`
	Phones []string         `json:"phones,omitempty"`
	Mails  []string         `json:"mails,omitempty"`
	Orders []identity.Order `json:"orders,omitempty"`
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
	g, err := t.open(ctx)
	if err != nil {
		return err
	}
	file, err := os.Open(f.Arg(0))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()

	var (
		mu                     sync.Mutex
		wg                     sync.WaitGroup
		joined, alone, refused int
		slots                  = make(chan struct{}, atOnce)
		lines                  = bufio.NewScanner(file)
		report                 = func(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }
		register               = func(n int, line []byte) {
			number, unjoined, err := g.register(ctx, line)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				refused++
				report("line %d: %v", n, err)
			case len(unjoined) > 0:
				alone++
				report("line %d: %s: %d other customers have one of these addresses and messages of their own; a person has to decide", n, number, len(unjoined))
			default:
				joined++
			}
		}
	)
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
	report("%d joined, %d not joined with everybody, %d refused", joined, alone, refused)
	if err := errors.Join(lines.Err(), ctx.Err()); err != nil {
		return err
	}
	if refused > 0 {
		return errors.New("some lines were refused")
	}
	return nil
}

// register puts one line into the register. Who has one of its addresses and
// could not be joined is what it returns.
func (g *target) register(ctx context.Context, line []byte) (number string, unjoined []string, err error) {
	var entry registerLine
	if err := json.Unmarshal(line, &entry); err != nil {
		return "", nil, err
	}
	number = entry.Number
	var out struct{ Unjoined []string }
	entry.Number = "" // it is in the path
	body := struct {
		registerLine
		Number string `json:"number,omitempty"`
	}{registerLine: entry}
	err = g.call(ctx, http.MethodPut, "/v1/customers/account/"+url.PathEscape(number), body, &out)
	return number, out.Unjoined, err
}
