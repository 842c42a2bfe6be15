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
func (i *process) writeLogLine(line string) {
	i.mu.Lock()
	i.logTail = append(append(i.logTail, line...), '\n')
	i.logTail = i.logTail[max(0, len(i.logTail)-maxTail):]
	i.mu.Unlock()
	if i.manager.cfg.Output != nil {
		i.manager.output.Lock()
		fmt.Fprintf(i.manager.cfg.Output, "%s | %s\n", i.function.Name, line)
		i.manager.output.Unlock()
	}
	if i.manager.cfg.Logs != nil {
		i.manager.cfg.Logs(Line{Function: i.function.Name, Instance: i.id, Text: line})
	}
}
