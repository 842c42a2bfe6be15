package lambda

import (
	"bytes"
	"fmt"
)

const (
	maxLine = 256 << 10 // a longer line is split
	maxTail = 4 << 10
)

// lineWriter splits the output of a process into lines.
type lineWriter struct {
	write func(line string)
	rest  []byte
}

func (l *lineWriter) Write(p []byte) (int, error) {
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

// flushLine writes the rest of the output, if it does not end with a newline.
func (l *lineWriter) flushLine() {
	if len(l.rest) > 0 {
		l.write(string(l.rest))
		l.rest = nil
	}
}

// writeLogLine passes one line to the log tail, to Config.Output and to
// Config.Logs.
func (p *process) writeLogLine(line string) {
	p.mu.Lock()
	p.logTail = append(append(p.logTail, line...), '\n')
	p.logTail = p.logTail[max(0, len(p.logTail)-maxTail):]
	p.mu.Unlock()
	if p.manager.cfg.Output != nil {
		p.manager.output.Lock()
		fmt.Fprintf(p.manager.cfg.Output, "%s | %s\n", p.function.Name, line)
		p.manager.output.Unlock()
	}
	if p.manager.cfg.Logs != nil {
		p.manager.cfg.Logs(Line{Function: p.function.Name, Instance: p.id, Text: line})
	}
}
