package media

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode"

	"github.com/heard-intake/heard/internal/message"
)

// headLen is the length of a file's start that is read to detect its type. It
// is the length that http.DetectContentType uses.
const headLen = 512

// unknownType is the type of a file whose type cannot be detected.
const unknownType = "application/octet-stream"

// A relatedType is one of several types whose files begin with the same bytes.
// The sender's claim decides among them.
type relatedType struct {
	extension string
	typ       string
}

// relatedTypes maps a detected type to the types that files with the same
// first bytes can have.
var relatedTypes = map[string][]relatedType{
	"application/zip": {
		{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
		{".odt", "application/vnd.oasis.opendocument.text"},
		{".ods", "application/vnd.oasis.opendocument.spreadsheet"},
		{".epub", "application/epub+zip"},
	},
	"application/x-ole-storage": {
		{".doc", "application/msword"},
		{".xls", "application/vnd.ms-excel"},
		{".ppt", "application/vnd.ms-powerpoint"},
		{".msg", "application/vnd.ms-outlook"},
	},
	"application/ogg": {
		{".ogg", "audio/ogg"}, {".oga", "audio/ogg"}, {".opus", "audio/ogg"}, {".ogv", "video/ogg"},
	},
	"video/mp4":  {{".m4a", "audio/mp4"}, {".mp4", "video/mp4"}, {".3gp", "video/3gpp"}, {".mov", "video/quicktime"}},
	"video/webm": {{".weba", "audio/webm"}, {".webm", "video/webm"}},
	"text/plain": {{".csv", "text/csv"}, {".vcf", "text/vcard"}, {".ics", "text/calendar"}, {".json", "application/json"}},
}

// magicNumbers are first bytes of types that the standard library does not
// detect, and their positions.
var magicNumbers = []struct {
	at    int
	bytes string
	typ   string
}{
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"},
	{0, "#!AMR", "audio/amr"},
	{0, "\xff\xf1", "audio/aac"},
	{0, "\xff\xf9", "audio/aac"},
	{0, "\xff\xfb", "audio/mpeg"},
	{4, "ftypM4A ", "audio/mp4"},
	{4, "ftyp3g", "video/3gpp"},
	{4, "ftypqt  ", "video/quicktime"},
	{4, "ftypheic", "image/heic"},
	{4, "ftypheix", "image/heic"},
	{4, "ftypmif1", "image/heif"},
	{4, "ftypavif", "image/avif"},
	{4, "ftyp", "video/mp4"},
	{0, "II*\x00", "image/tiff"},
	{0, "MM\x00*", "image/tiff"},
	{0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{0, "MZ", "application/vnd.microsoft.portable-executable"},
}

// detectType returns the type of a file from its first bytes. The claimed type
// or the extension of name selects among related types.
func detectType(head []byte, claimed, name string) string {
	typ, _, _ := mime.ParseMediaType(http.DetectContentType(head)) // always well-formed
	if typ == unknownType || typ == "text/plain" || strings.HasPrefix(typ, "video/mp4") {
		for _, m := range magicNumbers {
			if len(head) >= m.at && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
				typ = m.typ
				break
			}
		}
	}
	claimed, _, _ = strings.Cut(strings.ToLower(claimed), ";")
	extension := strings.ToLower(path.Ext(name))
	for _, k := range relatedTypes[typ] {
		if strings.TrimSpace(claimed) == k.typ || extension == k.extension {
			return k.typ
		}
	}
	return typ
}

// extensions maps the usual types to file name extensions.
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic",
	"video/mp4": ".mp4", "video/3gpp": ".3gp", "video/webm": ".webm", "video/quicktime": ".mov",
	"audio/ogg": ".ogg", "audio/mp4": ".m4a", "audio/mpeg": ".mp3", "audio/aac": ".aac", "audio/amr": ".amr", "audio/wave": ".wav",
	"application/pdf": ".pdf", "application/zip": ".zip", "text/plain": ".txt", "text/html": ".html",
}

// maxFileName is the longest file name without its extension, in bytes.
const maxFileName = 150

// safeFileName returns a name under which a file can be saved: the sender's
// name without path separators, or else the attachment's kind. It has an
// extension if the type is known.
func safeFileName(a message.Attachment, typ string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, message.Clean(a.Name, len(a.Name)))
	name = strings.Trim(name, ". ")
	if name == "" {
		name = string(a.Kind)
	}
	extension := path.Ext(name)
	if len(extension) < 2 || len(extension) > 8 {
		extension = extensions[typ]
	} else {
		name = strings.TrimSuffix(name, extension)
	}
	return message.Cut(name, maxFileName) + extension
}
