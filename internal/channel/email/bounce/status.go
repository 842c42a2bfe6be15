package bounce

import (
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// maxJudged is how many recipients of one report have the words about them
// read; the rest have their fields.
const maxJudged = 20

// bounce reads a report of delivery: the recipients its fields name, or those
// of its letter, each with the best status that can be had.
func (p *pieces) bounce(root *rfc822.Part) *Notice {
	n := &Notice{Original: p.originalID()}
	if p.status == "" && strings.Contains(strings.ToLower(p.text), "\nfinal-recipient:") {
		p.status = p.text // the boundaries were lost on the way
	}
	n.Recipients = p.statusRecipients()
	if len(n.Recipients) == 0 {
		n.Recipients = p.letterRecipients(root.Header)
	}
	for i := range n.Recipients[:min(len(n.Recipients), maxJudged)] {
		p.judge(&n.Recipients[i], len(n.Recipients) == 1)
	}
	n.Kind = kindOf(n.Recipients, root.Header)
	return n
}

// kindOf returns the gravest thing that happened to a recipient.
func kindOf(all []Recipient, h rfc822.Header) Kind {
	delayed, done := false, false
	for _, r := range all {
		switch r.Action {
		case "delayed":
			delayed = true
		case "delivered", "relayed", "expanded", "deliverable":
			done = true
		default:
			return Bounce
		}
	}
	switch {
	case delayed:
		return Delay
	case done:
		return Delivered
	case strings.HasPrefix(strings.ToLower(h.Text("Subject")), "warning:"):
		return Delay
	}
	return Bounce
}

// statusRecipients reads the blocks of message/delivery-status.
func (p *pieces) statusRecipients() []Recipient {
	var all []Recipient
	for _, block := range strings.Split(strings.ReplaceAll(p.status, "\r", ""), "\n\n") {
		h := fields(block)
		r := Recipient{
			Address:    addressOf(h.Get("Final-Recipient")),
			Action:     strings.ToLower(firstWord(h.Get("Action"))),
			Status:     codeIn(h.Get("Status")),
			Diagnostic: diagnostic(h),
		}
		if alias := addressOf(h.Get("Original-Recipient")); alias != "" && (r.Address == "" || !strings.Contains(r.Address, "@")) {
			r.Address = alias
		}
		if r.Address == "" {
			r.Address = addressOf(h.Get("X-Actual-Recipient"))
		}
		if r.Address == "" && r.Action == "" && r.Status == "" || len(all) == maxRecipients {
			continue
		}
		all = append(all, r)
	}
	return all
}

func diagnostic(h rfc822.Header) string {
	v := h.Get("Diagnostic-Code")
	if kind, rest, ok := strings.Cut(v, ";"); ok && len(kind) < 20 {
		v = rest
	}
	return strings.TrimSpace(v)
}

func firstWord(s string) string {
	if f := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '(' || r == ';' }); len(f) > 0 {
		return f[0]
	}
	return ""
}

// addressOf returns the address of "rfc822; jan@example.com".
func addressOf(v string) string {
	if _, after, ok := strings.Cut(v, ";"); ok {
		v = after
	}
	if a := rfc822.ParseAddresses(v); len(a) > 0 {
		return a[0].Addr
	}
	return ""
}

var (
	anAddress = lazy(`[A-Za-z0-9._%+'/=~#&!^-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}`)
	inBracket = lazy(`<([A-Za-z0-9._%+'/=~#&!^-]+@[A-Za-z0-9.-]+)>`)
)

// letterRecipients finds whom a letter is about: the header that names them,
// the addresses in brackets, any that the returned mail was to.
func (p *pieces) letterRecipients(h rfc822.Header) []Recipient {
	seen := map[string]bool{}
	var all []Recipient
	add := func(addr string) {
		if key := strings.ToLower(addr); addr != "" && !seen[key] && len(all) < maxRecipients {
			seen[key] = true
			all = append(all, Recipient{Address: addr})
		}
	}
	for _, v := range h.All("X-Failed-Recipients") {
		for _, a := range rfc822.ParseAddresses(v) {
			add(a.Addr)
		}
	}
	if len(all) > 0 {
		return all
	}
	own := map[string]bool{}
	for _, name := range []string{"To", "From", "Delivered-To", "X-Original-To"} {
		for _, a := range h.Addresses(name) {
			own[strings.ToLower(a.Addr)] = true
		}
	}
	for _, m := range inBracket().FindAllStringSubmatch(p.text, 20) {
		if !own[strings.ToLower(m[1])] {
			add(m[1])
		}
	}
	to := p.originalRecipients()
	if len(all) == 0 {
		for _, m := range anAddress().FindAllString(p.text, 20) {
			if !own[strings.ToLower(m)] && len(all) == 0 {
				add(strings.TrimRight(m, "."))
			}
		}
	}
	if len(all) > 1 && len(to) == 1 {
		for _, r := range all {
			if strings.EqualFold(r.Address, to[0].Address) {
				return to
			}
		}
	}
	if len(all) == 0 {
		all = to
	}
	if len(all) == 0 {
		all = []Recipient{{}}
	}
	return all
}

var (
	code     = lazy(`(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,4})(?:$|[^0-9.]|\.(?:$|[^0-9]))`)
	withCode = lazy(`(?:^|[^0-9])([45][0-9][0-9])[ \-#:]{1,3}['"(]?#?([45]\.[0-9]{1,3}\.[0-9]{1,4})`)
	smtpCode = lazy(`(?mi)(?:^|said: |says: |response:? |error:? |code:? |\(|"|'|smtp; ?|<<< |>>> |: |\.\.\. ?|host |[ \t])([45][0-5][0-9])(?:[ \-:>.,)]|$)`)
)

// codeIn returns the enhanced status in s: the one beside an SMTP code, else
// the first that is more than general.
func codeIn(s string) string {
	if m := withCode().FindStringSubmatch(s); m != nil && !general(m[2]) {
		return m[2]
	}
	first := ""
	for _, m := range code().FindAllStringSubmatch(s, 10) {
		if !general(m[1]) {
			return m[1]
		}
		if first == "" {
			first = m[1]
		}
	}
	return first
}

// general reports whether a status says no more than its class.
func general(status string) bool { return status == "" || strings.HasSuffix(status, ".0.0") }

// better reports whether what the refusing server said tells more than the
// status that the reporting server made of it.
func better(status, said string) bool {
	switch {
	case said == "" || general(said):
		return false
	case general(status), strings.HasSuffix(status, ".4.7"):
		return true
	}
	return strings.HasSuffix(status, ".0") && !strings.HasSuffix(said, ".0")
}

// judge gives a recipient its status, reply code and reason.
func (p *pieces) judge(r *Recipient, alone bool) {
	words := r.Diagnostic
	near := p.near(r.Address, alone)
	if c := codeIn(words); better(r.Status, c) {
		r.Status = c
	}
	if words == "" || r.Status == "" || general(r.Status) {
		if c := codeIn(near); general(r.Status) && c != "" && (r.Status == "" || !general(c)) {
			r.Status = c
		}
	}
	r.Reply = replyIn(words)
	if r.Reply == "" {
		r.Reply = replyIn(near)
	}
	var line string
	if r.Reason, line = reasonOf(words, r.Status); r.Reason == "" || words == "" {
		r.Reason, line = reasonOf(near, r.Status)
	}
	if r.Diagnostic == "" {
		r.Diagnostic = line
	}
	if r.Reason == "" && strings.HasSuffix(r.Address, "@googlegroups.com") {
		r.Reason = "rejected" // it says so in the reader's language
	}
	if r.Action == "" {
		r.Action = "failed"
		if strings.HasPrefix(r.Status, "4.") && r.Reason != "expired" {
			r.Action = "delayed"
		}
	}
	if r.Status == "" {
		r.Status = derived(r.Reason, r.Reply)
	}
	r.Hard = hardReason[r.Reason] && !strings.HasPrefix(r.Status, "4.")
	if len(r.Diagnostic) > 500 {
		r.Diagnostic = strings.ToValidUTF8(r.Diagnostic[:500], "")
	}
}

// maxNear is how much of a letter is read for one recipient, in bytes.
const maxNear = 8 << 10

// near returns what the letter says about an address: the lines after it,
// until the next, or everything when it is the only one.
func (p *pieces) near(addr string, alone bool) string {
	if alone || addr == "" {
		return p.text[:min(len(p.text), maxNear)]
	}
	i := strings.Index(strings.ToLower(p.text), strings.ToLower(addr))
	if i < 0 || i+len(addr) > len(p.text) {
		return p.text[:min(len(p.text), maxNear/8)]
	}
	rest := p.text[i+len(addr):]
	rest = rest[:min(len(rest), maxNear/8)]
	for _, next := range anAddress().FindAllStringIndex(rest, 10) {
		if !strings.EqualFold(rest[next[0]:next[1]], addr) && next[0] > 20 {
			return rest[:next[0]]
		}
	}
	return rest
}

func replyIn(s string) string {
	if m := withCode().FindStringSubmatch(s); m != nil {
		return m[1]
	}
	if m := smtpCode().FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
