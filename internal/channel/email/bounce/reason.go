package bounce

import "strings"

// A reason is the cause of a bounce, with the words that servers use for it
// and the last number of the derived status. Names and numbers are those of
// the Sisimai project, which other tools use too.
type reason struct {
	name    string
	number  string
	words   func() wordMatcher
	excuses bool // its words contradict a statement that the address does not exist
}

// reasons are tried in this order: specific reasons before general ones.
var reasons = []reason{
	{"mailboxfull", "922", wordPattern(`mailbox (?:is )?(?:full|exceeded|size limit|has exceeded|exceeds|too big|quota)|mailbox .{0,40} is full|(?:over|out of|exceed\w*|beyond|past)[ a-z']{0,30} ?(?:quota|storage|disk|mailbox size)|quota (?:exceeded|violation|full)|insufficient (?:disk )?(?:space|storage|quota)|not enough (?:storage|space|disk)|account is (?:full|over)|boite (?:du destinataire )?(?:pleine|archi pleine)|user has too many messages|too many (?:messages )?in (?:the )?mailbox|mail(?:box|folder) is full|is over (?:the )?(?:quota|maximum)|exceeded (?:the )?(?:storage|quota)|full mailbox|message would exceed|was full|size limit|storage limit|maildir (?:delivery failed|over quota)|out of space`), true},
	{"expired", "947", wordPattern(`did not accept our requests to connect|(?:too|been) (?:long )?in (?:the )?(?:mail )?queue|delivery time expired|time[- ]?out|timed out|could not be delivered (?:for|within)|retry time|unable to deliver .{0,40}(?:days|hours)|delivery (?:expired|failed [0-9]+ attempts|temporarily suspended)|expired|aborted after|delivery attempts? .{0,30}(?:failed|expired)|connection (?:timed|refused)|(?:delayed|queue) .{0,60}(?:days|hours)|could not be reached for|message .{0,20}delayed|have been failing|no route to host|host .{0,60}(?:unreachable|not responding)|server is down|for the last [0-9]+ (?:seconds|minutes|hours|days)|was not reachable within`), false},
	{"requireptr", "973", wordPattern(`(?:reverse|ptr) (?:dns|record|lookup|resource)|no (?:reverse dns|ptr)|rdns|unable to (?:find|resolve) .{0,30}(?:ptr|reverse)|does not have (?:a )?(?:valid )?(?:ptr|reverse)|sender .{0,30}hostname|cannot (?:find|resolve) your hostname|client host rejected: cannot find`), true},
	{"authfailure", "974", wordPattern(`\bspf\b.{0,60}(?:fail|reject|not)|dmarc|dkim|unauthenticated|not authenticated|fails? authentication|authentication (?:fail|check)`), true},
	{"failedstarttls", "976", wordPattern(`starttls|tls (?:is )?required|not support tls`), true},
	{"virusdetected", "971", wordPattern(`virus|malware|infected|dangerous (?:attachment|extension)`), true},
	{"blocked", "971", wordPattern(`spamhaus|spamcop|block ?list|dnsbl|\brbl\b`), true},
	{"spamdetected", "980", wordPattern(`spam|blacklisted url|bulk mail|unsolicited|junk|spamassassin|blocked by (?:our )?content`), true},
	{"notcompliantrfc", "976", wordPattern(`rfc ?\d{3,4}[ -](?:compliant|violation)|not rfc[ -]?compliant|bare <?lf|missing (?:from|date) header|duplicate header`), true},
	{"toomanyconn", "985", wordPattern(`too many (?:connections|concurrent|sessions|recipients|smtp)|connection (?:rate|limit)|concurrent connections`), true},
	{"speeding", "990", wordPattern(`rate[- ]limit|too (?:fast|frequent)|too many messages|sending (?:rate|limit)|throttl|at a rate that`), true},
	{"badreputation", "975", wordPattern(`reputation`), true},
	{"hasmoved", "916", movedPattern, false},
	{"notaccept", "932", wordPattern(`does not accept (?:mail|email)|not accept any|doesn't accept|no smtp|no mx record`), false},
	{"rejected", "918", wordPattern(`sender (?:address )?(?:rejected|denied|domain|refused|verif)|domain of sender|verification failed for|sender verify`), true},
	{"hostunknown", "912", wordPattern(`host (?:name )?(?:is )?(?:unknown|not found|or domain name not found|lookup)|unknown (?:host|domain)|(?:domain|host) (?:name )?(?:does(?:n't| not)|not) exist|no such (?:domain|host)|name (?:service|server) error|couldn'?t find any host|unrouteable (?:mail )?domain|invalid domain|domain must exist|mail server .{0,40} does not exist|could not find a gateway|dns (?:error|lookup)|all relevant mx records|nullmx|null mx|domain .{0,60}not found|recipient domain must`), false},
	{"hostunknown", "912", noHostPattern, false},
	{"suspend", "921", wordPattern(`(?:account|mailbox|user|recipient)(?: \S+){0,4} (?:is |has been |been )?(?:suspended|disabled|inactive|deactivated|locked|not active|closed|terminated|currently suspended|temporarily locked|unavailable|frozen)|disabled (?:account|mailbox|user)|inactive|mailbox (?:temporarily )?(?:disabled|frozen|unavailable)|user suspended|email account that you tried to reach is disabled|account .{0,20}(?:cancel|expired)`), false},
	{"userunknown", "911", noUserPattern, false},
	{"exceedlimit", "923", wordPattern(`message (?:is )?(?:too (?:large|big)|size|exceeds)|size exceeds|exceeds (?:the )?(?:maximum|size|limit|fixed)|too (?:large|big)|larger than`), true},
	{"systemfull", "931", wordPattern(`mail system full|system (?:disk|storage) full|insufficient system storage|no space left`), false},
	{"norelaying", "909", wordPattern(`relay(?:ing)? (?:denied|not permitted|access denied|not allowed|prohibited|is not)|not permitted to relay|unable to relay|we do not relay|not (?:an )?open relay|relay access|insecure mail relay|relaying`), true},
	{"blocked", "971", wordPattern(`block(?:ed|list)|black ?list|banned|denylist|\brbl\b|dnsbl|ip address .{0,60}(?:rejected|refused|listed)|(?:is|are|been|was|currently|ip|_) listed (?:in|on|at|by)|access denied|connection (?:refused|dropped|closed|rejected)|your (?:ip|network|server|host)|client host|not allowed to (?:send|connect)|service (?:refused|unavailable)`), true},
	{"rejected", "918", wordPattern(`permission to post|not able to post|moderated group|are not (?:a )?member|sender (?:address )?(?:rejected|verify|denied|domain|refused|unknown|is not)|sender.{0,40}(?:rejected|refused|denied|invalid|not exist|does not)|(?:mail from|from:?) .{0,60}(?:rejected|not|denied|refused)|<> invalid sender|domain of sender|not accept(?:ing)? .{0,30}from|backscatter|unauthori[sz]ed (?:to send|sender)|you are not (?:allowed|authorized)`), true},
	{"filtered", "910", wordPattern(`(?:rejected|refused|blocked|denied) (?:by|due to) .{0,30}(?:recipient|user|filter|policy|rule)|because the recipient is (?:only )?accepting|not accepting (?:mail|messages)|recipient (?:refused|rejected|denied)|user (?:not found|reject)|filter|permission denied|not authori[sz]ed to send|on his/her|rejected for policy`), false},
	{"policyviolation", "972", wordPattern(`policy|prohibited|violat|attachment.{0,30}(?:not allowed|type|removed)|disallowed`), true},
	{"contenterror", "960", wordPattern(`content|message body|malformed (?:mes|mail|mime|head|body)|mime|header`), false},
	{"systemerror", "930", wordPattern(`system error|mail (?:loop|system)|loop(?:ing)?|too many hops|local error|internal (?:error|server|software)|configuration error|can'?t (?:create|open)|cannot open|aliasing|recursive|i/o error|temporary (?:error|failure|local)|service (?:not|currently|temporarily)|malfunction|queue file|unexpected|server error|try again later|resources temporarily`), false},
	{"networkerror", "940", wordPattern(`network|could not connect|connect (?:to|failed)|cannot connect|routing|too many mail hops|no mx|dns|unable to connect|lost connection|conversation with|broken pipe|connection reset|host .{0,40}down`), false},
	{"mailererror", "939", wordPattern(`command (?:failed|died|exited|rejected)|\|? ?(?:procmail|/bin|/usr)|x-unix|mailer error|exit (?:status|code)|program`), false},
	{"syntaxerror", "902", wordPattern(`syntax|malformed|unrecognized command|command (?:not|unrecogn)|bad sequence|parameters|invalid (?:command|argument)|not recognized`), false},
	{"userunknown", "911", wordPattern(`(?:address|recipient|name|user|mailbox|account)(?: \S+){0,4} (?:rejected|refused|no longer)|no (?:one|longer) .{0,20}|sorry, no|undeliverable address|typo|can't find|couldn't be found|wasn't found|not unique|unbekannt|inconnu|destinataire|niet gevonden|invalid mailbox path|no (?:mailbox|account|user|recipient|addressee)\b`), false},
}

// reasonByStatus maps the last two numbers of a status to the reason it
// states.
var reasonByStatus = map[string]string{
	"1.1": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.6": "hasmoved", "1.7": "rejected", "1.8": "rejected", "1.10": "notaccept",
	"2.1": "suspend", "2.2": "mailboxfull", "2.3": "exceedlimit", "3.4": "exceedlimit", "4.7": "expired", "7.26": "authfailure", "7.25": "requireptr",
}

// findReason returns the reason of a refusal and the line of text that gives
// it. Both are empty if neither the status nor the text gives one.
//
// The words win over a status if they name another cause than the address.
// Some servers answer every mail that they refuse with 5.1.1.
func findReason(text, status string) (name, line string) {
	_, detail, _ := strings.Cut(status, ".")
	byStatus := reasonByStatus[detail]
	if byStatus != "" && !mayBeOverruled(byStatus) {
		return byStatus, lineContaining(text, strings.Index(text, status))
	}
	words := plainWords(text)
	for _, r := range reasons {
		if byStatus != "" && !r.overrules(byStatus) {
			continue
		}
		at := r.words().find(words)
		switch {
		case at == nil:
		case isPolicyStatus(status) && hardReasons[r.name]: // the mail was refused, and not its address
			return "filtered", lineContaining(text, at[0])
		default:
			return r.name, lineContaining(text, at[0])
		}
	}
	return byStatus, lineContaining(text, strings.Index(text, status))
}

// isPolicyStatus reports whether a status names a policy (RFC 3463, X.7.X). The
// server refused the mail, and not its address.
func isPolicyStatus(status string) bool {
	_, detail, _ := strings.Cut(status, ".")
	return strings.HasPrefix(detail, "7.")
}

// mayBeOverruled reports whether the words of a server may win over a status
// that states the reason byStatus.
func mayBeOverruled(byStatus string) bool { return hardReasons[byStatus] || byStatus == "suspend" }

// overrules reports whether r, the reason in a server's words, wins over a
// status that states the reason byStatus.
func (r reason) overrules(byStatus string) bool {
	if byStatus == "suspend" {
		return r.name == "userunknown" || r.name == "speeding"
	}
	return r.excuses || r.name == "userunknown" || r.name == "filtered"
}

// plainWords returns text in lower case, with mail addresses and host names
// blanked out, at the same positions. A reason is not read from a name, such
// as spam@example.com or blocklist.example.net.
func plainWords(text string) string {
	b := []byte(lowerASCII(text))
	for at := 0; at < len(b); at++ {
		switch {
		case b[at] == '@':
			blankName(b, at, isAddressByte)
		case b[at] == '[' && at+1 < len(b) && ('0' <= b[at+1] && b[at+1] <= '9'):
			end := at - 1
			for end >= 0 && b[end] == ' ' {
				end--
			}
			if end >= 0 {
				blankName(b, end, isHostByte)
			}
		}
	}
	return string(b)
}

// blankName replaces the name around b[at] with underscores.
func blankName(b []byte, at int, isName func(byte) bool) {
	start := at
	for start > 0 && isName(b[start-1]) {
		start--
	}
	for ; start < len(b) && (start == at || isName(b[start])); start++ {
		b[start] = '_'
	}
}

func isHostByte(c byte) bool { return isAlphanumeric(c) || c == '.' || c == '-' || c == '_' }

func isAddressByte(c byte) bool { return isHostByte(c) || c == '+' || c == '=' || c == '@' }

// lowerASCII returns s with ASCII letters in lower case, at the same
// positions. Servers report in ASCII, and patterns for lower case run twice as
// fast as patterns that ignore case.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// lineContaining returns the line of text at position i.
func lineContaining(text string, i int) string {
	if i <= 0 {
		return ""
	}
	start := strings.LastIndexByte(text[:i], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	return strings.TrimSpace(line)
}

// deriveStatus returns a status for a refusal whose server stated none. The
// last number tells the reason.
func deriveStatus(name, reply string) string {
	class := "5"
	if strings.HasPrefix(reply, "4") {
		class = "4"
	}
	for _, r := range reasons {
		if r.name == name {
			return class + ".0." + r.number
		}
	}
	return class + ".0.901"
}
