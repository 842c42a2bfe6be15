package media_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/media"
	"github.com/heard-intake/heard/internal/message"
)

func TestDetectType(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, head, claimed, file, want string }{
		{"a picture", "\x89PNG\r\n\x1a\n", "image/png", "", "image/png"},
		{"page declared as a picture", "<!DOCTYPE html><script>", "image/png", "x.png", "text/html"},
		{"drawing with a script", "<svg onload=alert(1)>", "image/svg+xml", "x.svg", "text/plain"},
		{"program declared as a document", "MZ\x90\x00", "application/pdf", "x.pdf", "application/vnd.microsoft.portable-executable"},
		{"a PDF", "%PDF-1.7", "application/octet-stream", "x.txt", "application/pdf"},
		{"a voice message", "OggS\x00\x02", "audio/ogg; codecs=opus", "", "audio/ogg"},
		{"an Ogg of unknown content", "OggS\x00\x02", "image/png", "", "application/ogg"},
		{"a voice message of an iPhone", "\x00\x00\x00\x1cftypM4A \x00", "", "", "audio/mp4"},
		{"a video", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "video/mp4", "", "video/mp4"},
		{"video declared as a recording", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "audio/mp4", "", "audio/mp4"},
		{"iPhone photo", "\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1", "", "", "image/heic"},
		{"an old recording", "#!AMR\n", "audio/amr", "", "audio/amr"},
		{"a Word document", "PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"Word document by name", "PK\x03\x04", "", "Brief.DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"archive declared as a page", "PK\x03\x04", "text/html", "x.html", "application/zip"},
		{"an old Word document", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "x.doc", "application/msword"},
		{"a table", "naam;aantal\n", "text/csv", "", "text/csv"},
		{"text declared as a page", "zomaar", "text/html", "x.html", "text/plain"},
		{"unknown content", "\x00\x01\x02\x03", "image/png", "x.png", "application/octet-stream"},
	}
	for _, tt := range tests {
		if got := media.DetectType([]byte(tt.head), tt.claimed, tt.file); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSafeFileName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                                "image.png",
		"foto":                            "foto.png",
		"foto.png":                        "foto.png",
		"naïef café 日本.png":               "naïef café 日本.png",
		"../../etc/passwd":                "_.._etc_passwd.png",
		`C:\x\y.png`:                      "C__x_y.png",
		"a\r\nSet-Cookie: x=1.png":        "a__Set-Cookie_ x=1.png",
		"gnp.\u202eexe.png":               "gnp._exe.png",
		"...":                             "image.png",
		strings.Repeat("é", 500) + ".png": strings.Repeat("é", 75) + ".png",
	} {
		if got := media.SafeFileName(message.Attachment{Kind: message.Image, Name: name}, "image/png"); got != want {
			t.Errorf("SafeFileName(%q): got %q, want %q", name, got, want)
		}
	}
}

func FuzzSafeFileName(f *testing.F) {
	f.Add("x.png", "image/png")
	f.Fuzz(func(t *testing.T, name, typ string) {
		got := media.SafeFileName(message.Attachment{Kind: message.Image, Name: name}, typ)
		if got == "" || len(got) > 200 || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\r\n\x00\"") {
			t.Errorf("SafeFileName(%q): got %q, want a valid name of at most 200 bytes", name, got)
		}
	})
}
