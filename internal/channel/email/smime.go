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

// unwrapSMIME returns the mail inside a signed S/MIME envelope; nil for one
// that is encrypted or broken. The signature is not checked: it is DMARC that
// says who wrote a mail.
func unwrapSMIME(p *rfc822.Part) *rfc822.Part {
	info, ok := readBER(p.Bytes()) // ContentInfo
	if !ok {
		return nil
	}
	oid, rest := nextBER(info.content)
	if !bytes.Equal(oid.content, oidSignedData) {
		return nil
	}
	wrapped, _ := nextBER(rest)           // [0] EXPLICIT
	signed, _ := nextBER(wrapped.content) // SignedData
	fields := signed.content
	var encap ber
	for range 3 { // version, digestAlgorithms, encapContentInfo
		encap, fields = nextBER(fields)
	}
	_, rest = nextBER(encap.content) // the content's type
	content, _ := nextBER(rest)
	mail := octets(content, 0)
	if len(mail) == 0 {
		return nil
	}
	inner, _ := rfc822.Parse(mail)
	prefixIDs(inner, p.ID)
	return inner
}

// prefixIDs makes the ids of an inner mail's parts unique in the outer one.
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

// A ber is one element in BER, the encoding of S/MIME.
type ber struct {
	tag     byte
	content []byte
}

func readBER(b []byte) (ber, bool) {
	e, _ := nextBER(b)
	return e, e.tag == 0x30
}

// nextBER reads the element b begins with and returns what follows it. An
// element of indefinite length is given all that follows but its end: enough
// here, where such elements end together.
func nextBER(b []byte) (e ber, rest []byte) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return ber{}, nil
	}
	tag, n, head := b[0], int(b[1]), 2
	switch {
	case n == 0x80:
		body := b[2:]
		if end := indefiniteEnd(body, 0); end >= 0 {
			return ber{tag, body[:end]}, body[end+2:]
		}
		return ber{tag, body}, nil
	case n > 0x80:
		size := n & 0x7f
		if size > 4 || len(b) < 2+size {
			return ber{}, nil
		}
		n = 0
		for _, c := range b[2 : 2+size] {
			n = n<<8 | int(c)
		}
		head += size
	}
	n = min(n, len(b)-head)
	return ber{tag, b[head : head+n]}, b[head+n:]
}

// maxBERDepth is how deep elements of indefinite length nest.
const maxBERDepth = 16

// indefiniteEnd returns where the end mark of an element of indefinite length
// stands; -1 when it is missing.
func indefiniteEnd(b []byte, depth int) int {
	if depth > maxBERDepth {
		return -1
	}
	pos := 0
	for pos+1 < len(b) {
		if b[pos] == 0 && b[pos+1] == 0 {
			return pos
		}
		if b[pos+1] == 0x80 {
			end := indefiniteEnd(b[pos+2:], depth+1)
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

// octets returns the bytes of an octet string, in one or many pieces, inside
// its explicit tag.
func octets(e ber, depth int) []byte {
	if e.tag == 0x04 {
		return e.content
	}
	if depth > 3 || e.tag&0x20 == 0 {
		return nil
	}
	var out []byte
	for rest := e.content; len(rest) > 0; {
		var piece ber
		piece, rest = nextBER(rest)
		if piece.tag == 0 {
			break
		}
		out = append(out, octets(piece, depth+1)...)
	}
	return out
}
