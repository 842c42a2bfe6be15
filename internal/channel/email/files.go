package email

import (
	"mime"
	"path"
	"strings"
	"unicode"

	"github.com/heard-intake/heard/internal/channel/email/htmltext"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// rootRef is the ref of a mail that is a file as a whole.
const rootRef = "0"

// Part returns the content of the attachment with that ref, as far as its
// encoding can be undone; none of a mail with a virus.
func (p Parsed) Part(ref string) ([]byte, bool) {
	if p.virus {
		return nil, false
	}
	if ref == rootRef {
		ref = ""
	}
	for _, f := range p.body.files {
		if f.part.ID == ref {
			return f.part.Bytes(), true
		}
	}
	return nil, false
}

// HTML returns the mail's text as HTML, as it was sent: not safe to show.
func (p Parsed) HTML() string { return strings.Join(p.body.html, "\n") }

// SafeHTML returns the mail's text as HTML that may be shown inside another
// page; empty when it has none, or a virus.
func (p Parsed) SafeHTML() string {
	if p.virus {
		return ""
	}
	return htmltext.Sanitize(p.HTML())
}

// attachments lists the files of a mail.
func attachments(b body, env Envelope) []contact.Attachment {
	var all []contact.Attachment
	for _, f := range b.files {
		if len(all) == MaxAttachments {
			return all
		}
		all = append(all, attachment(f, b, env))
	}
	return all
}

func attachment(f file, b body, env Envelope) contact.Attachment {
	p := f.part
	a := contact.Attachment{
		Kind: mediaKind(p.Type),
		Ref:  p.ID,
		Type: contact.Clean(p.Type, 100),
		Name: FileName(p),
		Size: p.Size(),
		CID:  contact.Clean(p.ContentID(), 998),
	}
	if a.Ref == "" {
		a.Ref = rootRef
	}
	a.Inline = a.CID != "" && b.cids[a.CID] // shown in a page; the rest are attachments, whatever they say
	switch {
	case env.Verdicts.Virus == "FAIL":
		a.Mark = "virus"
	case p.Type == "application/ms-tnef" || strings.EqualFold(a.Name, "winmail.dat"):
		a.Mark = "tnef"
	case dangerous(a.Name, p.Type):
		a.Mark = "dangerous"
	}
	return a
}

func mediaKind(media string) contact.Kind {
	switch kind, _, _ := strings.Cut(media, "/"); kind {
	case "image":
		return contact.Image
	case "audio":
		return contact.Audio
	case "video":
		return contact.Video
	}
	return contact.File
}

// FileName returns a name for a part that is safe to store and to show.
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
	name = sanitize(name)
	switch {
	case name == "" && p.Type == "text/calendar":
		return "invite.ics"
	case name != "" && path.Ext(name) == "" && p.Type == "text/calendar":
		return name + ".ics"
	}
	return name
}

// maxFileName is the longest file name kept, in bytes.
const maxFileName = 255

// sanitize returns name without folders, control characters and the ones that
// turn text around, short enough for any file system.
func sanitize(name string) string {
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
		name = contact.Cut(name, maxFileName-len(ext)) + ext
	}
	return name
}

// dangerousNames are the endings of files that run when opened.
var dangerousNames = map[string]bool{
	".exe": true, ".com": true, ".scr": true, ".pif": true, ".bat": true, ".cmd": true, ".msi": true, ".msp": true, ".cpl": true, ".dll": true,
	".js": true, ".jse": true, ".vbs": true, ".vbe": true, ".wsf": true, ".wsh": true, ".wsc": true, ".hta": true, ".ps1": true, ".psm1": true,
	".jar": true, ".lnk": true, ".reg": true, ".inf": true, ".scf": true, ".url": true, ".chm": true, ".hlp": true, ".application": true, ".gadget": true,
	".docm": true, ".xlsm": true, ".pptm": true, ".dotm": true, ".xltm": true, ".xlam": true, ".ppam": true, ".iso": true, ".img": true, ".vhd": true, ".vhdx": true,
	".one": true, ".appx": true, ".apk": true, ".dmg": true, ".pkg": true, ".app": true, ".sh": true, ".command": true, ".html": true, ".htm": true, ".shtml": true, ".svg": true, ".xll": true, ".sct": true, ".mht": true,
}

func dangerous(name, media string) bool {
	switch media {
	case "application/x-msdownload", "application/x-msdos-program", "application/x-executable", "application/hta", "application/javascript", "text/javascript", "application/x-sh", "application/java-archive", "application/vnd.microsoft.portable-executable":
		return true
	}
	return dangerousNames[strings.ToLower(path.Ext(strings.TrimRight(name, " .")))]
}

// OutgoingFile returns the name under which a file may be sent, and its media
// type. One without a name, or that runs when it is opened, is
// [fault.Invalid].
func OutgoingFile(name, media string) (safeName, safeMedia string, err error) {
	name = sanitize(contact.Clean(name, MaxFileNameGiven))
	if name == "" {
		return "", "", fault.New(fault.Invalid, "it has no name")
	}
	typ := "application/octet-stream"
	if media != "" {
		if typ, _, err = mime.ParseMediaType(media); err != nil || len(typ) > 100 || strings.HasPrefix(typ, "multipart/") || strings.HasPrefix(typ, "message/") {
			return "", "", fault.New(fault.Invalid, "type must be a media type, such as application/pdf")
		}
	}
	if dangerous(name, typ) {
		return "", "", fault.New(fault.Invalid, "a file that runs when it is opened is not sent")
	}
	return name, typ, nil
}

// OutgoingKind is the kind of attachment that a media type is.
func OutgoingKind(media string) contact.Kind { return mediaKind(media) }

// MaxFileNameGiven is how much is read of the name of a file to send, in bytes.
const MaxFileNameGiven = 1000

// OutgoingPage returns the HTML of a mail to send as it may be shown anywhere,
// and what it says as text.
func OutgoingPage(page string) (safe, text string) {
	safe = strings.TrimSpace(htmltext.Sanitize(page))
	return safe, strings.TrimSpace(htmltext.Convert(safe).Text)
}
