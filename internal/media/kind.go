package media

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode"

	"github.com/heard-intake/heard/internal/contact"
)

// headLen is how much of a file is looked at to tell its type: what
// http.DetectContentType looks at.
const headLen = 512

// unknownType is the type of what cannot be told.
const unknownType = "application/octet-stream"

// A kin is a family of types whose files look alike from outside, so that
// among them, and no further, the sender is believed.
type relatedType struct {
	extension string
	typ       string
}

// kins are those families, by the type that their files look like.
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

// magic are the first bytes of types that the standard library does not know,
// with how far in they stand.
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

// typeOf returns the type of a file: what its first bytes say, made more exact
// by what the sender says of the type or the name where that fits.
func detectType(head []byte, claimed, name string) string {
	typ, _, _ := mime.ParseMediaType(http.DetectContentType(head)) // which is well-formed
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

// extensions are those of the types that platforms mostly send.
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic",
	"video/mp4": ".mp4", "video/3gpp": ".3gp", "video/webm": ".webm", "video/quicktime": ".mov",
	"audio/ogg": ".ogg", "audio/mp4": ".m4a", "audio/mpeg": ".mp3", "audio/aac": ".aac", "audio/amr": ".amr", "audio/wave": ".wav",
	"application/pdf": ".pdf", "application/zip": ".zip", "text/plain": ".txt", "text/html": ".html",
}

// maxFileName is the longest name of a file, in bytes, without extension.
const maxFileName = 150

// nameOf returns a name to save a file under: the sender's, without what makes
// a path of it, or else its kind; with an extension if the type has one.
func safeFileName(a contact.Attachment, typ string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, contact.Clean(a.Name, len(a.Name)))
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
	return contact.Cut(name, maxFileName) + extension
}
