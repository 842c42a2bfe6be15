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
	if p.status == "" && strings.Contains(strings.ToLower(p.original.Get("Content-Type")), "delivery-status") {
		if inner, _ := rfc822.Parse([]byte(p.originalTxt)); inner != nil { // a gateway passes on another server's report
			if q := collect(inner); q.status != "" {
				return q.bounce(inner)
			}
		}
	}
	n := &Notice{Original: p.originalID()}
	if p.status == "" && strings.Contains(strings.ToLower(p.text), "\nfinal-recipient:") {
		p.status = p.text // the boundaries were lost on the way
	}
	n.Recipients = p.statusRecipients()
	if len(n.Recipients) == 0 {
		n.Recipients = p.letterRecipients(root.Header)
	}
	waits := p.status == "" && (stillTrying().MatchString(p.text) || delaySubject().MatchString(root.Header.Text("Subject")))
	for i := range n.Recipients[:min(len(n.Recipients), maxJudged)] {
		p.judge(&n.Recipients[i], len(n.Recipients) == 1, waits)
	}
	n.Kind = kindOf(n.Recipients)
	return n
}

// What letters say of mail that they go on trying to deliver.
var (
	stillTrying  = lazy(`(?i)not yet been delivered|will (?:be retried|continue to (?:try|attempt)|keep trying)|delivery attempts will (?:continue|be made)|this is (?:just )?a warning|warning message only|advisory[- ]only|still being retried|wird weiter versucht|nog niet (?:bezorgd|afgeleverd)|nouvelle tentative`)
	delaySubject = lazy(`(?i)^warning:|\(delay\)|delayed|still being retried|verzögert|vertraagd|retardé`)
)

// kindOf returns the gravest thing that happened to a recipient.
func kindOf(all []Recipient) Kind {
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
		if sentTo := addressOf(h.Get("Original-Recipient")); sentTo != "" {
			r.Address = sentTo // the one we know: where it was passed on to we do not
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
	onLine    = lazy(`(?m)^[ \t>*"'-]*([A-Za-z0-9._%+'/=~#&!^-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,})(?:[ \t"':;,.]*$|: | on | \()`)
	inBracket = lazy(`<([A-Za-z0-9._%+'/=~#&!^-]+@[A-Za-z0-9.-]+)>`)
)

// failedMark is what letters say before they name whom a mail did not reach.
var failedMark = lazy(`(?i)following (?:recipient|address|user|destination|e-?mail)|following message, addressed to|not delivered to|be delivered to|address to which|to this address|failed recipients|unable to deliver (?:your )?message to|did not reach|your message to:?\s|addressed to`)

// roles are local parts of addresses that letters name for questions.
var roles = map[string]bool{"postmaster": true, "mailer-daemon": true, "abuse": true, "hostmaster": true, "helpdesk": true, "support": true, "noc": true, "mailmaster": true}

// letterRecipients finds whom a letter is about: the header that names them,
// the addresses after the words that introduce them, in brackets or on a line
// of their own, any that the returned mail was to.
func (p *pieces) letterRecipients(h rfc822.Header) []Recipient {
	var all recipientSet
	for _, v := range h.All("X-Failed-Recipients") {
		for _, a := range rfc822.ParseAddresses(v) {
			all.add(a.Addr)
		}
	}
	if len(all.list) > 0 {
		return all.list
	}
	all.skip = p.known(h)
	text := messageIDs().ReplaceAllString(p.text, "")
	if at := failedMark().FindStringIndex(text); at != nil {
		all.find(text[at[0]:])
	}
	if len(all.list) > 0 {
		return all.list
	}
	all.find(text)
	to := p.originalRecipients()
	if len(all.list) > 1 && len(to) == 1 {
		for _, r := range all.list {
			if strings.EqualFold(r.Address, to[0].Address) {
				return to
			}
		}
	}
	switch {
	case len(all.list) > 0:
		return all.list
	case len(to) > 0:
		return to
	}
	return []Recipient{{}}
}

// known returns the addresses that a letter may name and is not about: those
// of the letter itself and of the sender of what it returns.
func (p *pieces) known(h rfc822.Header) map[string]bool {
	skip := map[string]bool{}
	for _, f := range []struct {
		of    rfc822.Header
		names []string
	}{
		{h, []string{"To", "From", "Delivered-To", "X-Original-To"}},
		{p.original, []string{"From", "Sender", "Reply-To", "Return-Path", "Errors-To"}},
	} {
		for _, name := range f.names {
			for _, a := range f.of.Addresses(name) {
				skip[strings.ToLower(a.Addr)] = true
			}
		}
	}
	return skip
}

var messageIDs = lazy(`(?mi)^.{0,40}message[- ]?id(?:entifier)?\b.*$`)

// A recipientSet holds each recipient once.
type recipientSet struct {
	list []Recipient
	seen map[string]bool
	skip map[string]bool
}

func (s *recipientSet) add(addr string) {
	key := strings.ToLower(addr)
	if addr == "" || s.seen[key] || s.skip[key] || len(s.list) == maxRecipients {
		return
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[key] = true
	s.list = append(s.list, Recipient{Address: addr})
}

// find adds the addresses in text: those in brackets, else those that begin a
// line, else the first.
func (s *recipientSet) find(text string) {
	if s.named(text); len(s.list) > 0 {
		return
	}
	for _, m := range anAddress().FindAllString(text, 20) {
		if local, _, _ := strings.Cut(strings.ToLower(m), "@"); len(s.list) == 0 && !roles[local] {
			s.add(trimAddress(m))
		}
	}
}

// named adds the addresses that text sets apart: in brackets, else on a line of
// their own.
func (s *recipientSet) named(text string) {
	for _, m := range inBracket().FindAllStringSubmatch(text, 20) {
		if local, _, _ := strings.Cut(strings.ToLower(m[1]), "@"); !roles[local] {
			s.add(m[1])
		}
	}
	if len(s.list) > 0 {
		return
	}
	for _, m := range onLine().FindAllStringSubmatch(text, maxRecipients) {
		s.add(trimAddress(m[1]))
	}
}

// trimAddress takes away what letters put around an address without a blank.
func trimAddress(addr string) string {
	addr = strings.Trim(addr, ".'")
	if i := strings.LastIndexAny(addr, "=:"); i >= 0 && strings.HasSuffix(strings.ToLower(addr[:i]), "smtp") {
		return addr[i+1:]
	}
	return addr
}

var (
	code     = lazy(`(?:^|[^0-9.])([45]\.[0-9]{1,3}\.[0-9]{1,4}|2\.[0-9]\.[0-9])(?:$|[^0-9.]|\.(?:$|[^0-9]))`)
	withCode = lazy(`(?:^|[^0-9])([45][0-9][0-9])[ \-#:]{1,3}['"(]?#?([45]\.[0-9]{1,3}\.[0-9]{1,4})`)
	smtpCode = lazy(`(?mi)(?:^|said: |says: |response:? |error:? |code:? |\(|"|'|smtp; ?|<<< |>>> |: |\.\.\. ?|host |[ \t])([45][0-5][0-9])(?:[ \-:>.,)]|$)`)
)

// codeIn returns the enhanced status in s: the one beside an SMTP code, else
// the first that is more than general.
func codeIn(s string) string {
	if m := withCode().FindStringSubmatch(s); m != nil && !general(m[2]) && !expired(m[2]) {
		return m[2]
	}
	first := ""
	for _, m := range code().FindAllStringSubmatch(s, 10) {
		if !general(m[1]) && !expired(m[1]) {
			return m[1]
		}
		if first == "" || general(first) {
			first = m[1]
		}
	}
	return first
}

// expired reports whether a status says that a mail waited too long, and not
// for what.
func expired(status string) bool { return strings.HasSuffix(status, ".4.7") }

// general reports whether a status says no more than its class.
func general(status string) bool { return status == "" || strings.HasSuffix(status, ".0.0") }

// better reports whether what the refusing server said tells more than the
// status that the reporting server made of it.
func better(status, said string) bool {
	switch {
	case said == "" || general(said):
		return false
	case general(status), expired(status):
		return true
	}
	return strings.HasSuffix(status, ".0") && !strings.HasSuffix(said, ".0")
}

// beside reports whether words have a status beside an SMTP code: what the
// refusing server answered, whatever the reporting one made of it.
func beside(words, status string) bool {
	m := withCode().FindStringSubmatch(words)
	return m != nil && m[2] == status && !general(status) && m[1][0] == status[0]
}

// judge gives a recipient its status, reply code and reason.
func (p *pieces) judge(r *Recipient, alone, waits bool) {
	words := r.Diagnostic
	near := p.near(r.Address, alone)
	if expired(r.Status) {
		if c := codeIn(near); strings.HasPrefix(c, "4.4.") {
			r.Status = c
		}
	}
	if c := codeIn(words); better(r.Status, c) || beside(words, c) {
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
		if waits && !hardReason[r.Reason] || strings.HasPrefix(r.Status, "4.") && r.Reason != "expired" {
			r.Action = "delayed"
		}
	}
	if r.Status == "" {
		r.Status = derived(r.Reason, r.Reply)
		if r.Action == "delayed" {
			r.Status = "4" + r.Status[1:]
		}
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
