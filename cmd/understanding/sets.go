package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// A set is a file with labelled texts.
type set struct {
	name    string
	source  string // the first comment of the file
	lines   []line
	dropped int // lines that are not learned, because a test set has them
}

type line struct{ reason, language, text string } // reason is empty if the text has none

// withoutReason are the names of "no reason" in the files.
var withoutReason = []string{taxonomy.Unknown, "chatter", "-"}

// readSets reads files whose names are separated by commas.
func readSets(names string) ([]set, error) {
	var sets []set
	for name := range strings.SplitSeq(names, ",") {
		if name == "" {
			continue
		}
		data, err := os.ReadFile(name) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, err
		}
		s := set{name: name, source: findSource(string(data))}
		if filepath.Ext(name) == ".yaml" {
			s.lines, err = parseYAML(data)
		} else {
			s.lines, err = parseTSV(string(data))
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// findSource returns the comment at the beginning of a file.
func findSource(data string) string {
	var comment []string
	for l := range strings.Lines(data) {
		text, isComment := strings.CutPrefix(l, "#")
		if !isComment {
			break
		}
		comment = append(comment, strings.TrimSpace(text))
	}
	if comment == nil {
		return "no source is named in the file"
	}
	text := strings.Join(comment, " ")
	if !strings.Contains(strings.ToLower(text), "licence") {
		text += " Licence of this repository."
	}
	return text
}

func parseTSV(data string) ([]line, error) {
	var lines []line
	n := 0
	for l := range strings.Lines(data) {
		n++
		l = strings.TrimRight(l, "\r\n")
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		f := strings.Split(l, "\t")
		if len(f) != 3 && len(f) != 4 {
			return nil, fmt.Errorf("line %d has %d columns; write reason, language and text, separated by tabs", n, len(f))
		}
		one := line{f[0], f[len(f)-2], f[len(f)-1]}
		if one.language != "nl" && one.language != "en" {
			return nil, fmt.Errorf("line %d has the language %.10q; use nl or en", n, one.language)
		}
		lines = append(lines, one.normalize())
	}
	return lines, nil
}

// parseYAML reads texts by reason and language, one per line. The placeholders {p}
// and {nr} become a product and an order number.
func parseYAML(data []byte) ([]line, error) {
	var texts map[string]map[string]string
	if err := yaml.Unmarshal(data, &texts); err != nil {
		return nil, err
	}
	products := map[string]string{"nl": "waterkoker", "en": "kettle"}
	var lines []line
	for _, reason := range slices.Sorted(maps.Keys(texts)) {
		for _, language := range []string{"nl", "en"} {
			fill := strings.NewReplacer("{p}", products[language], "{nr}", "WS-123456")
			for text := range strings.Lines(texts[reason][language]) {
				if text = strings.TrimSpace(text); text != "" {
					lines = append(lines, line{reason, language, fill.Replace(text)}.normalize())
				}
			}
		}
	}
	return lines, nil
}

func (l line) normalize() line {
	if slices.Contains(withoutReason, l.reason) {
		l.reason = ""
	}
	return l
}

func foldText(text string) string { return strings.Join(taxonomy.Words(text), " ") }

// textsOf returns the folded texts of all sets.
func textsOf(sets []set) map[string]bool {
	texts := map[string]bool{}
	for _, s := range sets {
		for _, l := range s.lines {
			texts[foldText(l.text)] = true
		}
	}
	return texts
}
