package bounce

import (
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// maxJudged is the number of recipients for which the text is read. For the
// others only the fields are read.
const maxJudged = 20

// readBounce reads a delivery report: the recipients in its fields, or else
// those in its text, each with the most specific status that is known.
func (p *reportPieces) readBounce(root *rfc822.Part) *Notice {
	p.readText()
	if p.status == "" && strings.Contains(strings.ToLower(p.original.Get("Content-Type")), "delivery-status") {
		if inner, _ := rfc822.Parse([]byte(p.originalText)); inner != nil { // a gateway forwarded another server's report
			if q := collectPieces(inner); q.status != "" {
				return q.readBounce(inner)
			}
		}
	}
	n := &Notice{Original: p.originalMessageID()}
	p.senders = senderDomains(root.Header, p.original)
	if p.status == "" && strings.Contains(strings.ToLower(p.text), "\nfinal-recipient:") {
		p.status = p.text // the boundaries are missing
	}
	n.Recipients = p.statusRecipients()
	if len(n.Recipients) == 0 {
		n.Recipients = p.letterRecipients(root.Header)
	}
	waits := p.status == "" && (stillTryingPattern().MatchString(p.text) || delaySubjectPattern().MatchString(root.Header.Text("Subject")))
	for i := range n.Recipients[:min(len(n.Recipients), maxJudged)] {
		p.judgeRecipient(&n.Recipients[i], len(n.Recipients) == 1, waits)
	}
	n.Kind = gravestKind(n.Recipients)
	return n
}

// Texts and subjects of reports by servers that keep trying to deliver.
var (
	stillTryingPattern  = lazyPattern(`(?i)not yet been delivered|will (?:be retried|continue to (?:try|attempt)|keep trying)|delivery attempts will (?:continue|be made)|this is (?:just )?a warning|warning message only|advisory[- ]only|still being retried|wird weiter versucht|nog niet (?:bezorgd|afgeleverd)|nouvelle tentative`)
	delaySubjectPattern = lazyPattern(`(?i)^warning:|\(delay\)|delayed|still being retried|verzögert|vertraagd|retardé`)
)

// gravestKind returns the kind of the most serious result among the
// recipients.
func gravestKind(all []Recipient) Kind {
	delayed := false
	done := false
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
func (p *reportPieces) statusRecipients() []Recipient {
	var all []Recipient
	for _, block := range strings.Split(strings.ReplaceAll(p.status, "\r", ""), "\n\n") {
		h := parseFields(block)
		r := Recipient{
			Address:    parseTypedAddress(h.Get("Final-Recipient")),
			Action:     strings.ToLower(firstWord(h.Get("Action"))),
			Status:     findStatus(h.Get("Status")),
			Diagnostic: diagnosticText(h),
		}
		if sentTo := parseTypedAddress(h.Get("Original-Recipient")); sentTo != "" {
			r.Address = sentTo // the address we used, instead of the one it was forwarded to
		}
		if r.Address == "" {
			r.Address = parseTypedAddress(h.Get("X-Actual-Recipient"))
		}
		if len(all) == maxRecipients {
			continue
		}
		if r.Address != "" || r.Action != "" || r.Status != "" {
			all = append(all, r)
		}
	}
	return all
}

func diagnosticText(h rfc822.Header) string {
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

// parseTypedAddress returns the address in "rfc822; jan@example.com".
func parseTypedAddress(v string) string {
	if _, after, ok := strings.Cut(v, ";"); ok {
		v = after
	}
	if a := rfc822.ParseAddresses(v); len(a) > 0 {
		return a[0].Addr
	}
	return ""
}

var (
	addressPattern        = lazyPattern(`[A-Za-z0-9._%+'/=~#&!^-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}`)
	lineAddressPattern    = lazyPattern(`(?m)^[ \t>*"'-]*([A-Za-z0-9._%+'/=~#&!^-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,})(?:[ \t"':;,.]*$|: | on | \()`)
	bracketAddressPattern = lazyPattern(`<([A-Za-z0-9._%+'/=~#&!^-]+@[A-Za-z0-9.-]+)>`)
)

// failedMarkPattern matches the words before the address of a failed delivery.
var failedMarkPattern = lazyPattern(`(?i)following (?:recipient|address|user|destination|e-?mail)|following message, addressed to|not delivered to|be delivered to|address to which|to this address|failed recipients|unable to deliver (?:your )?message to|did not reach|your message to:?\s|addressed to`)

// roleNames are local parts of addresses that a report names as contacts.
var roleNames = map[string]bool{"postmaster": true, "mailer-daemon": true, "abuse": true, "hostmaster": true, "helpdesk": true, "support": true, "noc": true, "mailmaster": true}

// letterRecipients returns the recipients that a report in text form is about.
// The sources, in order, are X-Failed-Recipients, addresses after the words
// that introduce them, and other addresses in brackets or on separate lines.
// The returned mail is not a source: it names everyone who handled the mail. A
// report that names no address gives one recipient without an address.
func (p *reportPieces) letterRecipients(h rfc822.Header) []Recipient {
	var all recipientSet
	for _, v := range h.All("X-Failed-Recipients") {
		for _, a := range rfc822.ParseAddresses(v) {
			all.addAddress(a.Addr)
		}
	}
	if len(all.list) > 0 {
		return all.list
	}
	all.skip = p.addressesToSkip(h)
	text := messageIDLinePattern().ReplaceAllString(p.text, "")
	if at := failedMarkPattern().FindStringIndex(text); at != nil {
		all.findAddresses(text[at[0]:])
	}
	if len(all.list) > 0 {
		return all.list
	}
	all.findAddresses(text)
	if len(all.list) > 0 {
		return all.list
	}
	return []Recipient{{}}
}

// addressesToSkip returns addresses that a report may name without being about
// them: its own recipients and sender, and the sender of the returned mail.
func (p *reportPieces) addressesToSkip(h rfc822.Header) map[string]bool {
	skip := map[string]bool{}
	for _, f := range []struct {
		of    rfc822.Header
		names []string
	}{
		{h, []string{"To", "From", "Delivered-To"}},
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

var messageIDLinePattern = lazyPattern(`(?mi)^.{0,40}message[- ]?id(?:entifier)?\b.*$`)

// A recipientSet is a list of recipients without repeats.
type recipientSet struct {
	list []Recipient
	seen map[string]bool
	skip map[string]bool
}

func (s *recipientSet) addAddress(addr string) {
	key := strings.ToLower(addr)
	if addr == "" || len(s.list) == maxRecipients {
		return
	}
	if s.seen[key] || s.skip[key] {
		return
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[key] = true
	s.list = append(s.list, Recipient{Address: addr})
}

// findAddresses adds the addresses in text: those in brackets, or else those
// that begin a line, or else the first.
func (s *recipientSet) findAddresses(text string) {
	if s.findMarkedAddresses(text); len(s.list) > 0 {
		return
	}
	for _, m := range addressPattern().FindAllString(text, 20) {
		if local, _, _ := strings.Cut(strings.ToLower(m), "@"); len(s.list) == 0 && !roleNames[local] {
			s.addAddress(trimAddress(m))
		}
	}
}

// findMarkedAddresses adds the addresses in brackets, or else those on a
// separate line.
func (s *recipientSet) findMarkedAddresses(text string) {
	for _, m := range bracketAddressPattern().FindAllStringSubmatch(text, 20) {
		if local, _, _ := strings.Cut(strings.ToLower(m[1]), "@"); !roleNames[local] {
			s.addAddress(m[1])
		}
	}
	if len(s.list) > 0 {
		return
	}
	for _, m := range lineAddressPattern().FindAllStringSubmatch(text, maxRecipients) {
		s.addAddress(trimAddress(m[1]))
	}
}

// trimAddress removes characters that some reports put next to an address.
func trimAddress(addr string) string {
	addr = strings.Trim(addr, ".'")
	if i := strings.LastIndexAny(addr, "=:"); i >= 0 && strings.HasSuffix(strings.ToLower(addr[:i]), "smtp") {
		return addr[i+1:]
	}
	return addr
}

var (
	statusPattern         = lazyPattern(`[245]\.[0-7]\.[0-9]{1,3}`)
	replyAndStatusPattern = lazyPattern(`(?:^|[^0-9])([45][0-9][0-9])[ \-#:]{1,3}['"(]?#?([45]\.[0-7]\.[0-9]{1,3})(?:$|[^0-9.A-Za-z_])`)
	replyCodePattern      = lazyPattern(`(?mi)(?:^|said: |says: |response:? |error:? |code:? |\(|"|'|smtp; ?|<<< |>>> |: |\.\.\. ?|host |[ \t])([45][0-5][0-9])(?:[ \-:>.,)]|$)`)
	beforeStatusPattern   = lazyPattern(`(?i)(?:^|\n|[#:;=,>"')\]]|[<\[(']|(?:^|[^a-z0-9.])(?:[245][0-9][0-9][ -]?|status|code|error|dsn|smtp|said|reply|response|reason|diagnostic|is|with))[ \t]*[('"\[<#]?$`)
	versionWordPattern    = lazyPattern(`(?i)(?:version|release|build|ver|v|rev|server|mta|mailer|software|postfix|exim|sendmail|qmail|mdaemon|exchange|domino|zimbra|dovecot|icewarp|kerio|connect)[ \t]*[:=]?[ \t]*[('"\[]?$`)
)

// findStatuses returns the enhanced statuses in s, at most ten. A number with
// three parts is a status only where servers write one: at the start of a
// line, after punctuation, a reply code, or a word such as "status". Anywhere
// else it is a version or a piece of an address.
func findStatuses(s string) []string {
	var all []string
	for _, at := range statusPattern().FindAllStringIndex(s, 100) {
		if len(all) == 10 {
			break
		}
		if isStatusEnd(s[at[1]:]) && isStatusStart(s[:at[0]]) {
			all = append(all, s[at[0]:at[1]])
		}
	}
	return all
}

// isStatusEnd reports whether a status may be followed by after.
func isStatusEnd(after string) bool {
	switch {
	case after == "":
		return true
	case after[0] == '.' || after[0] == '-':
		return len(after) == 1 || !isAlphanumeric(after[1])
	}
	return !isAlphanumeric(after[0]) && after[0] != '_'
}

// isStatusStart reports whether a status may follow before.
func isStatusStart(before string) bool {
	before = before[max(0, len(before)-40):]
	return beforeStatusPattern().MatchString(before) && !versionWordPattern().MatchString(before)
}

func isAlphanumeric(c byte) bool {
	lower := c | 0x20
	return ('0' <= c && c <= '9') || ('a' <= lower && lower <= 'z')
}

// findStatus returns the enhanced status in s: one next to an SMTP reply code,
// or else the first that is more specific than its class.
func findStatus(s string) string {
	if m := replyAndStatusPattern().FindStringSubmatch(s); m != nil && !isGeneralStatus(m[2]) && !isExpiredStatus(m[2]) {
		return m[2]
	}
	first := ""
	for _, status := range findStatuses(s) {
		if !isGeneralStatus(status) && !isExpiredStatus(status) {
			return status
		}
		if first == "" || isGeneralStatus(first) {
			first = status
		}
	}
	return first
}

// isExpiredStatus reports whether a status says that a mail waited too long.
// Such a status does not give the cause.
func isExpiredStatus(status string) bool { return strings.HasSuffix(status, ".4.7") }

// isGeneralStatus reports whether a status is empty or gives its class only.
func isGeneralStatus(status string) bool { return status == "" || strings.HasSuffix(status, ".0.0") }

// isBetterStatus reports whether said, a status in the refusing server's
// words, is more specific than the status of the reporting server.
func isBetterStatus(status, said string) bool {
	switch {
	case said == "" || isGeneralStatus(said):
		return false
	case isGeneralStatus(status), isExpiredStatus(status):
		return true
	}
	return strings.HasSuffix(status, ".0") && !strings.HasSuffix(said, ".0")
}

// isBesideReplyCode reports whether words has status next to an SMTP reply
// code. It is then the refusing server's own answer.
func isBesideReplyCode(words, status string) bool {
	m := replyAndStatusPattern().FindStringSubmatch(words)
	if m == nil || isGeneralStatus(status) {
		return false
	}
	return m[2] == status && m[1][0] == status[0]
}

// judgeRecipient sets a recipient's status, reply code, reason and action.
func (p *reportPieces) judgeRecipient(r *Recipient, alone, waits bool) {
	words := r.Diagnostic
	near := p.textNear(r.Address, alone)
	if isExpiredStatus(r.Status) {
		if c := findStatus(near); strings.HasPrefix(c, "4.4.") {
			r.Status = c
		}
	}
	if c := findStatus(words); isBetterStatus(r.Status, c) || isBesideReplyCode(words, c) {
		r.Status = c
	}
	if isGeneralStatus(r.Status) {
		c := findStatus(near)
		if !isGeneralStatus(c) || r.Status == "" {
			r.Status = c
		}
	}
	r.Reply = findReplyCode(words)
	if r.Reply == "" {
		r.Reply = findReplyCode(near)
	}
	var line string
	if r.Reason, line = findReason(words, r.Status); r.Reason == "" || words == "" {
		r.Reason, line = findReason(near, r.Status)
	}
	if r.Diagnostic == "" {
		r.Diagnostic = line
	}
	plainNear := plainWords(near)
	switch {
	case r.Reason == "userunknown" && isRefusedElsewhere(plainNear):
		r.Reason = "filtered"
	case r.Reason == "" && strings.HasSuffix(r.Address, "@googlegroups.com"):
		r.Reason = "rejected" // Google Groups gives the reason in the reader's language
	case r.Reason == "" && isPolicyStatus(r.Status):
		r.Reason = "policyviolation"
	}
	if r.Action == "" {
		r.Action = "failed"
		switch {
		case waits && !hardReasons[r.Reason], strings.HasPrefix(r.Status, "4.") && r.Reason != "expired":
			r.Action = "delayed"
		}
	}
	if r.Status == "" {
		r.Status = deriveStatus(r.Reason, r.Reply)
		if r.Action == "delayed" {
			r.Status = "4" + r.Status[1:]
		}
	}
	if words == "" {
		words = near
	}
	r.Hard = isGone(*r, plainWords(words), plainNear) && !p.namesSender(*r)
	if len(r.Diagnostic) > 500 {
		r.Diagnostic = strings.ToValidUTF8(r.Diagnostic[:500], "")
	}
}

// senderDomains returns the domains of the addresses that sent the returned
// mail: the report goes to them.
func senderDomains(report, original rfc822.Header) []string {
	var all []string
	for _, a := range append(report.Addresses("To"), original.Addresses("From")...) {
		if _, domain, ok := strings.Cut(strings.ToLower(a.Addr), "@"); ok && !slices.Contains(all, domain) {
			all = append(all, domain)
		}
	}
	return all
}

// namesSender reports whether the refusing server's words name the domain that
// sent the mail. Then they may be about the sender, as in "example.org does not
// exist".
func (p *reportPieces) namesSender(r Recipient) bool {
	words := strings.ToLower(r.Diagnostic)
	_, own, _ := strings.Cut(strings.ToLower(r.Address), "@")
	return slices.ContainsFunc(p.senders, func(domain string) bool { return domain != own && strings.Contains(words, domain) })
}

// maxNear is the length of a report's text that is read for one recipient, in
// bytes.
const maxNear = 8 << 10

// textNear returns the text about an address: the lines after it up to the
// next address, or the whole text if the address is the only one.
func (p *reportPieces) textNear(addr string, alone bool) string {
	if alone || addr == "" {
		return p.text[:min(len(p.text), maxNear)]
	}
	i := strings.Index(strings.ToLower(p.text), strings.ToLower(addr))
	if i < 0 || i+len(addr) > len(p.text) {
		return p.text[:min(len(p.text), maxNear/8)]
	}
	rest := p.text[i+len(addr):]
	rest = rest[:min(len(rest), maxNear/8)]
	for _, next := range addressPattern().FindAllStringIndex(rest, 10) {
		if !strings.EqualFold(rest[next[0]:next[1]], addr) && next[0] > 20 {
			return rest[:next[0]]
		}
	}
	return rest
}

func findReplyCode(s string) string {
	if m := replyAndStatusPattern().FindStringSubmatch(s); m != nil {
		return m[1]
	}
	if m := replyCodePattern().FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
