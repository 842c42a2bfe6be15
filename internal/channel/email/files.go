package email

import (
	"mime"
	"path"
	"strings"
	"unicode"

	"github.com/heard-intake/heard/internal/channel/email/htmltext"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// rootRef is the ref of the root part, for a mail that consists of one file.
const rootRef = "0"

// FileContent returns the decoded content of the attachment with this ref. It
// returns false for an unknown ref, or if the mail has a virus. If the encoding
// is damaged, it returns the content before the damage.
func (p Parsed) FileContent(ref string) ([]byte, bool) {
	if p.virus {
		return nil, false
	}
	if ref == rootRef {
		ref = ""
	}
	for _, f := range p.body.files {
		if f.ID == ref {
			return f.Bytes(), true
		}
	}
	return nil, false
}

// HTML returns the mail's HTML as it was sent. It is not safe to show; see
// [Parsed.SafeHTML].
func (p Parsed) HTML() string { return strings.Join(p.body.html, "\n") }

// SafeHTML returns the mail's HTML, sanitized so that it may be shown inside
// another page. It is empty if the mail has no HTML, or a virus.
func (p Parsed) SafeHTML() string {
	if p.virus {
		return ""
	}
	return htmltext.Sanitize(p.HTML())
}

// listAttachments returns the files of a mail, at most [MaxAttachments].
func listAttachments(b mailBody, env Envelope) []message.Attachment {
	var all []message.Attachment
	for _, f := range b.files {
		if len(all) == MaxAttachments {
			return all
		}
		all = append(all, newAttachment(f, b, env))
	}
	return all
}

func newAttachment(p *rfc822.Part, b mailBody, env Envelope) message.Attachment {
	a := message.Attachment{
		Kind: attachmentKind(p.Type),
		Ref:  p.ID,
		Type: message.Clean(p.Type, 100),
		Name: FileName(p),
		Size: p.Size(),
		CID:  message.Clean(p.ContentID(), 998),
	}
	if a.Ref == "" {
		a.Ref = rootRef
	}
	a.Inline = a.CID != "" && b.cids[a.CID] // the HTML shows it; its Content-Disposition does not matter
	switch {
	case env.Verdicts.Virus == "FAIL":
		a.Mark = "virus"
	case p.Type == "application/ms-tnef" || strings.EqualFold(a.Name, "winmail.dat"):
		a.Mark = "tnef"
	case isDangerous(a.Name, p.Type):
		a.Mark = "dangerous"
	}
	return a
}

func attachmentKind(media string) message.Kind {
	switch kind, _, _ := strings.Cut(media, "/"); kind {
	case "image":
		return message.Image
	case "audio":
		return message.Audio
	case "video":
		return message.Video
	}
	return message.File
}

// FileName returns a file name for a part that is safe to store and to show. It
// is empty if the part has no name. A mail as attachment is named after its
// subject.
func FileName(p *rfc822.Part) string {
	name := p.FileName()
	if name == "" && p.Type == "message/rfc822" {
		if inner, _ := rfc822.Parse(p.Bytes()); inner != nil {
			name = strings.ReplaceAll(inner.Header.Text("Subject"), "/", "_")
		}
		if name == "" {
			name = "message"
		}
		name += ".eml"
	}
	if name == "" {
		name = p.Header.Text("Content-Description")
	}
	name = sanitizeFileName(name)
	switch {
	case name == "" && p.Type == "text/calendar":
		return "invite.ics"
	case name != "" && path.Ext(name) == "" && p.Type == "text/calendar":
		return name + ".ics"
	}
	return name
}

// maxFileName is the length of the longest file name, in bytes.
const maxFileName = 255

// sanitizeFileName returns name without its folder, control characters and
// characters that reverse the text direction. It is short enough for any file
// system. A long name keeps its extension.
func sanitizeFileName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if i := strings.LastIndexByte(strings.TrimRight(name, "/"), '/'); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Cf), r == unicode.ReplacementChar:
			return -1
		case strings.ContainsRune(`<>:"|?*/`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if len(name) > maxFileName {
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		name = message.Cut(name, maxFileName-len(ext)) + ext
	}
	return name
}

// dangerousExtensions are the extensions of files that may run code when they
// are opened.
var dangerousExtensions = map[string]bool{
	".exe": true, ".com": true, ".scr": true, ".pif": true, ".bat": true, ".cmd": true, ".msi": true, ".msp": true, ".cpl": true, ".dll": true,
	".js": true, ".jse": true, ".vbs": true, ".vbe": true, ".wsf": true, ".wsh": true, ".wsc": true, ".hta": true, ".ps1": true, ".psm1": true,
	".jar": true, ".lnk": true, ".reg": true, ".inf": true, ".scf": true, ".url": true, ".chm": true, ".hlp": true, ".application": true, ".gadget": true,
	".docm": true, ".xlsm": true, ".pptm": true, ".dotm": true, ".xltm": true, ".xlam": true, ".ppam": true, ".iso": true, ".img": true, ".vhd": true, ".vhdx": true,
	".one": true, ".appx": true, ".apk": true, ".dmg": true, ".pkg": true, ".app": true, ".sh": true, ".command": true, ".html": true, ".htm": true, ".shtml": true, ".svg": true, ".xll": true, ".sct": true, ".mht": true,
}

// isDangerous reports whether a file may run code when it is opened.
func isDangerous(name, media string) bool {
	switch media {
	case "application/x-msdownload", "application/x-msdos-program", "application/x-executable", "application/hta", "application/javascript", "text/javascript", "application/x-sh", "application/java-archive", "application/vnd.microsoft.portable-executable":
		return true
	}
	return dangerousExtensions[strings.ToLower(path.Ext(strings.TrimRight(name, " .")))]
}

// OutgoingFile returns the file name and media type under which a file may be
// sent to a customer. A file without a name, with a malformed media type, or
// that runs when it is opened, is [fault.Invalid].
func OutgoingFile(name, media string) (safeName, safeMedia string, err error) {
	name = sanitizeFileName(message.Clean(name, MaxFileNameGiven))
	if name == "" {
		return "", "", fault.New(fault.Invalid, "name is required")
	}
	typ := "application/octet-stream"
	if media != "" {
		typ, _, err = mime.ParseMediaType(media)
		isContainer := strings.HasPrefix(typ, "multipart/") || strings.HasPrefix(typ, "message/")
		if err != nil || len(typ) > 100 || isContainer {
			return "", "", fault.New(fault.Invalid, "type must be a media type, such as application/pdf")
		}
	}
	if isDangerous(name, typ) {
		return "", "", fault.New(fault.Invalid, "a file that runs when it is opened cannot be sent; send a PDF or an image")
	}
	return name, typ, nil
}

// OutgoingKind returns the kind of an attachment with this media type.
func OutgoingKind(media string) message.Kind { return attachmentKind(media) }

// MaxFileNameGiven is how many bytes are read of the name of a file to send.
const MaxFileNameGiven = 1000

// OutgoingPage returns the sanitized HTML of a mail to send, and its plain
// text.
func OutgoingPage(page string) (safe, text string) {
	safe = strings.TrimSpace(htmltext.Sanitize(page))
	return safe, strings.TrimSpace(htmltext.Convert(safe).Text)
}
