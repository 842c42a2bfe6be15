package rfc822

import (
	"net/url"
	"strconv"
	"strings"
)

// parseContentType reads a Content-Type, even a malformed one.
func parseContentType(v string) (media string, params map[string]string) {
	if v == "" {
		return "text/plain", nil
	}
	media, params = parseValueAndParams(v)
	kind, sub, ok := strings.Cut(media, "/")
	switch {
	case !ok && (media == "text" || media == ""):
		return "text/plain", params
	case !ok && media == "multipart":
		return "multipart/mixed", params
	case !ok:
		return "application/octet-stream", params
	case sub == "" && kind == "text":
		return "text/plain", params
	case sub == "" && kind == "multipart":
		return "multipart/mixed", params
	}
	return media, params
}

// maxParams is the number of parameters of one field that are read.
const maxParams = 50

// parseValueAndParams reads "value; name=value; ...", the form of Content-Type
// and Content-Disposition. It accepts the faults of mail programs: missing
// semicolons and quotes, and repeated parameters, of which the first counts.
// It joins the continuations of RFC 2231, valid or not.
func parseValueAndParams(v string) (value string, params map[string]string) {
	if hasEscapes([]byte(v)) { // a file name in ISO-2022 may have the bytes of a quotation mark
		v, _ = decodeRawValue(v, "")
	}
	i := strings.IndexAny(v, "; \t")
	if i < 0 {
		i = len(v)
	}
	value = v[:i]
	rest := v[i:]
	if strings.Contains(value, "=") { // the value itself is missing
		value = ""
		rest = v
	}
	value = strings.ToLower(strings.Trim(value, "\"'() \t,"))
	params = map[string]string{}
	pieces := map[string]map[int]paramPiece{}
	for n := 0; n < maxParams; n++ {
		var name, val string
		var ok bool
		if name, val, rest, ok = nextParam(rest); !ok {
			break
		}
		addParam(params, pieces, name, val)
	}
	for name, p := range pieces {
		if joined := joinPieces(p); joined != "" {
			params[name] = joined // RFC 2231 takes precedence over the plain form
		}
	}
	return value, params
}

// nextParam cuts the next name=value off s.
func nextParam(s string) (name, value, rest string, ok bool) {
	for {
		s = strings.TrimLeft(s, "; \t,")
		if s == "" {
			return "", "", "", false
		}
		i := strings.IndexAny(s, "=;")
		if i < 0 {
			return "", "", "", false
		}
		if s[i] == ';' {
			s = s[i:]
			continue
		}
		name = s[:i]
		if j := strings.LastIndexAny(strings.TrimRight(name, " \t"), " \t"); j >= 0 {
			name = name[j+1:] // junk before the name
		}
		value, rest = cutParamValue(strings.TrimLeft(s[i+1:], " \t"))
		return strings.ToLower(strings.TrimSpace(name)), value, rest, true
	}
}

// cutParamValue cuts a parameter's value, quoted or not, off s.
func cutParamValue(s string) (value, rest string) {
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case strings.HasPrefix(s[i:], `\"`), strings.HasPrefix(s[i:], `\\`):
				i++
				b.WriteByte(s[i])
			case s[i] == '"':
				return b.String(), s[i+1:]
			default:
				b.WriteByte(s[i])
			}
		}
		s = s[1:] // the closing quote is missing
	}
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	// A missing semicolon: "charset=utf-8 format=flowed".
	for _, known := range []string{" charset=", " name=", " filename=", " boundary=", " format=", " delsp="} {
		if i := indexFold(s[:end], known); i > 0 {
			end = i
		}
	}
	return strings.TrimRight(s[:end], " \t\""), s[end:]
}

// indexFold returns the index in s of lower, an ASCII text, in any case.
// [strings.ToLower] would not do. It may change the length of invalid UTF-8,
// and so the index.
func indexFold(s, lower string) int {
	for i := 0; i+len(lower) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// A paramPiece is one numbered part of a parameter (RFC 2231).
type paramPiece struct {
	text    string
	encoded bool
}

func addParam(params map[string]string, pieces map[string]map[int]paramPiece, name, val string) {
	base, suffix, extended := strings.Cut(name, "*")
	if !extended {
		if _, ok := params[name]; !ok {
			params[name] = val
		}
		return
	}
	encoded := strings.HasSuffix(suffix, "*") || suffix == ""
	n, err := strconv.Atoi(strings.TrimSuffix(suffix, "*"))
	if err != nil {
		n = 0
	}
	if pieces[base] == nil {
		pieces[base] = map[int]paramPiece{}
	}
	if _, ok := pieces[base][n]; !ok && n >= 0 {
		pieces[base][n] = paramPiece{val, encoded}
	}
}

func joinPieces(pieces map[int]paramPiece) string {
	charset := ""
	var raw []byte
	for n := range len(pieces) {
		p, ok := pieces[n]
		if !ok {
			break
		}
		text := p.text
		if n == 0 && p.encoded {
			if parts := strings.SplitN(text, "'", 3); len(parts) == 3 {
				charset = parts[0]
				text = parts[2]
			}
		}
		if p.encoded {
			text = percentDecode(text)
		}
		raw = append(raw, text...)
	}
	return Decode(charset, raw)
}

func percentDecode(s string) string {
	if t, err := url.PathUnescape(s); err == nil {
		return t
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
