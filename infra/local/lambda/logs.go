package lambda

import (
	"bytes"
	"fmt"
)

const (
	maxLine = 256 << 10
	maxTail = 4 << 10
)

// lines cuts what a process writes into lines.
type lines struct {
	write func(line string)
	rest  []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok && len(l.rest) < maxLine {
			return len(p), nil
		}
		l.write(string(line))
		l.rest = rest
	}
}

// flush writes the last line, if it has no end.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.write(string(l.rest))
		l.rest = nil
	}
}

// log passes on one line of an instance.
func (i *instance) log(line string) {
	i.mu.Lock()
	i.tail = append(append(i.tail, line...), '\n')
	i.tail = i.tail[max(0, len(i.tail)-maxTail):]
	i.mu.Unlock()
	if i.m.cfg.Output != nil {
		i.m.output.Lock()
		fmt.Fprintf(i.m.cfg.Output, "%s | %s\n", i.fn.Name, line)
		i.m.output.Unlock()
	}
	if i.m.cfg.Logs != nil {
		i.m.cfg.Logs(Line{Function: i.fn.Name, Instance: i.id, Text: line})
	}
}
