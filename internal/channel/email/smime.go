package email

import (
	"bytes"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// isSMIME reports whether a part is an S/MIME envelope, signed or encrypted.
func isSMIME(p *rfc822.Part) bool {
	return p.Type == "application/pkcs7-mime" || p.Type == "application/x-pkcs7-mime"
}

// oidSignedData is 1.2.840.113549.1.7.2 in DER.
var oidSignedData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// unwrapSMIME returns the mail inside a signed S/MIME envelope (RFC 8551), and
// nil if the envelope is encrypted or broken. The signature is not checked,
// because DMARC proves the sender.
func unwrapSMIME(p *rfc822.Part) *rfc822.Part {
	info, _ := nextBER(p.Bytes()) // ContentInfo, a SEQUENCE
	if info.tag != 0x30 {
		return nil
	}
	oid, rest := nextBER(info.content)
	if !bytes.Equal(oid.content, oidSignedData) {
		return nil
	}
	wrapped, _ := nextBER(rest)           // [0] EXPLICIT
	signed, _ := nextBER(wrapped.content) // SignedData
	fields := signed.content
	var encap berElement
	for range 3 { // version, digestAlgorithms, encapContentInfo
		encap, fields = nextBER(fields)
	}
	_, rest = nextBER(encap.content) // the content's type
	content, _ := nextBER(rest)
	mail := octetString(content, 0)
	if len(mail) == 0 {
		return nil
	}
	inner, _ := rfc822.Parse(mail)
	prefixIDs(inner, p.ID)
	return inner
}

// prefixIDs prefixes the part ids of an inner mail with the id of the part that
// holds it, so that they are unique in the outer mail.
func prefixIDs(inner *rfc822.Part, id string) {
	if id == "" {
		id = rootRef
	}
	inner.Walk(func(c *rfc822.Part) {
		if c.ID == "" {
			c.ID = id + "/" + rootRef
			return
		}
		c.ID = id + "/" + c.ID
	})
}

// berElement is one element in BER, the encoding of S/MIME (ITU-T X.690).
type berElement struct {
	tag     byte
	content []byte
}

// nextBER returns the first element of b and the bytes after it. It returns a
// zero element if b is too short or has a tag of more than one byte. An element
// whose end mark is missing takes all of b.
func nextBER(b []byte) (e berElement, rest []byte) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return berElement{}, nil
	}
	tag := b[0]
	n := int(b[1]) // length of the content
	head := 2      // length of tag and length
	switch {
	case n == 0x80:
		body := b[2:]
		if end := findEndMark(body, 0); end >= 0 {
			return berElement{tag, body[:end]}, body[end+2:]
		}
		return berElement{tag, body}, nil
	case n > 0x80:
		size := n & 0x7f
		if size > 4 || len(b) < 2+size {
			return berElement{}, nil
		}
		n = 0
		for _, c := range b[2 : 2+size] {
			n = n<<8 | int(c)
		}
		head += size
	}
	n = min(n, len(b)-head)
	return berElement{tag, b[head : head+n]}, b[head+n:]
}

// maxBERDepth limits the nesting of elements of indefinite length.
const maxBERDepth = 16

// findEndMark returns the position in b of the end mark of an element of
// indefinite length, and -1 if it is missing.
func findEndMark(b []byte, depth int) int {
	if depth > maxBERDepth {
		return -1
	}
	pos := 0
	for pos+1 < len(b) {
		if b[pos] == 0 && b[pos+1] == 0 {
			return pos
		}
		if b[pos+1] == 0x80 {
			end := findEndMark(b[pos+2:], depth+1)
			if end < 0 {
				return -1
			}
			pos += 2 + end + 2
			continue
		}
		_, rest := nextBER(b[pos:])
		if len(rest) == 0 {
			return -1
		}
		pos = len(b) - len(rest)
	}
	return -1
}

// octetString returns the content of e, an OCTET STRING in one piece or in many
// pieces.
func octetString(e berElement, depth int) []byte {
	if e.tag == 0x04 {
		return e.content
	}
	if depth > 3 || e.tag&0x20 == 0 {
		return nil
	}
	var out []byte
	for rest := e.content; len(rest) > 0; {
		var piece berElement
		piece, rest = nextBER(rest)
		if piece.tag == 0 {
			break
		}
		out = append(out, octetString(piece, depth+1)...)
	}
	return out
}
