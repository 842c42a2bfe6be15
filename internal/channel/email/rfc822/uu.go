package rfc822

import (
	"bytes"
	"path"
	"strconv"
	"strings"
)

// Limits of the search for files in a text.
const (
	maxUUFiles      = 100     // files that are taken out of one text
	maxUUInEncoding = 8 << 20 // bytes of a text in base64, which has to be decoded for the search
)

// TakeUUFiles removes the uuencoded files from the text of p, and returns them
// as parts. Old mail programs put files into a text that way:
//
//	begin 644 photo.jpg
//	M_]C_X  02D9)1@ ! 0 ...
//	end
//
// A line that begins with "begin" and is followed by other text stays.
func (p *Part) TakeUUFiles() []*Part {
	mayHaveFiles := bytes.Contains(p.raw, uuBegin)
	if p.transferEncoding() == "base64" {
		mayHaveFiles = len(p.raw) <= maxUUInEncoding
	}
	if !mayHaveFiles {
		return nil
	}
	content := p.Bytes()
	var files []*Part
	rest := []byte{}
	for len(files) < maxUUFiles {
		start, end := findUUFile(content)
		if end == 0 {
			break
		}
		rest = append(rest, content[:start]...)
		files = append(files, p.newUUFile(content[start:end], len(files)+1))
		content = content[end:]
	}
	if files != nil {
		p.content = append(rest, content...)
	}
	return files
}

// newUUFile returns the part of a file. Its id is that of p with a number that
// no child of p has.
func (p *Part) newUUFile(raw []byte, n int) *Part {
	id := p.ID
	if id == "" {
		id = "0"
	}
	line, next := cutLine(raw, 0)
	f := bytes.Fields(line)
	name := string(bytes.Join(f[2:], []byte{' '}))
	coding := "x-uuencode"
	if string(f[0]) == "begin-base64" {
		coding = "base64"
		raw = raw[next:]
	}
	return &Part{
		ID:      id + "/u" + strconv.Itoa(n),
		Type:    mediaTypeOf(name),
		Params:  map[string]string{"name": name},
		Header:  Header{Fields: []Field{{Name: "Content-Transfer-Encoding", Value: []byte(coding)}}},
		raw:     raw,
		charset: p.charset,
	}
}

// mediaTypes are the types of the files that customers send.
var mediaTypes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff",
	".pdf": "application/pdf", ".zip": "application/zip", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".mp4": "video/mp4", ".mov": "video/quicktime",
}

func mediaTypeOf(name string) string {
	if media := mediaTypes[strings.ToLower(path.Ext(name))]; media != "" {
		return media
	}
	return "application/octet-stream"
}

var uuBegin = []byte("begin")

// findUUFile returns the start and the end of the first file in b. end is 0 if
// b has none.
func findUUFile(b []byte) (start, end int) {
	for pos := 0; ; {
		i := bytes.Index(b[pos:], uuBegin)
		if i < 0 {
			return 0, 0
		}
		start = pos + i
		pos = start + len(uuBegin)
		if start > 0 && b[start-1] != '\n' {
			continue
		}
		if n := uuFileLength(b[start:]); n > 0 {
			return start, start + n
		}
	}
}

// uuFileLength returns the length of the file at the start of b, or 0 if b does
// not begin with one: the mode and name in the first line, then the encoded
// lines, and a line that ends the file.
func uuFileLength(b []byte) int {
	line, pos := cutLine(b, 0)
	isLine := isUULine
	last := "end"
	switch keyword := uuKeyword(line); keyword {
	case "begin":
	case "begin-base64":
		isLine = isBase64Line
		last = "===="
	default:
		return 0
	}
	for pos < len(b) {
		line, next := cutLine(b, pos)
		line = bytes.TrimRight(line, "\r")
		if string(bytes.TrimRight(line, " ")) == last {
			return next
		}
		if !isLine(line) {
			return 0
		}
		pos = next
	}
	return 0
}

// uuKeyword returns the first word of a line with a mode and a name, such as
// "begin 644 photo.jpg". It is empty for any other line.
func uuKeyword(line []byte) string {
	f := bytes.Fields(line)
	if len(f) < 3 || len(f[1]) < 3 || len(f[1]) > 4 {
		return ""
	}
	for _, c := range f[1] {
		if c < '0' || c > '7' {
			return ""
		}
	}
	return string(f[0])
}

// isUULine reports whether a line has the letters of uuencode, and the length
// that its first letter states. Blanks at its end may be missing, and a check
// character may follow.
func isUULine(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c > '`' {
			return false
		}
	}
	if len(line) == 0 {
		return true // no bytes: the blank that states it was removed
	}
	want := (int(line[0]-' ')&63 + 2) / 3 * 4
	got := len(line) - 1
	return got <= want+2 && (got*2 >= want || got == 0)
}

func isBase64Line(line []byte) bool {
	for _, c := range line {
		if base64Value[c] > 64 {
			return false
		}
	}
	return len(line) > 0
}
