package bounce

import (
	"slices"
	"strings"
)

// hardReasons are the reasons that will not disappear with time.
var hardReasons = map[string]bool{"userunknown": true, "hostunknown": true, "hasmoved": true, "notaccept": true}

// goneStatuses are the last two numbers of the statuses that say that an
// address does not exist, or takes no mail.
var goneStatuses = map[string]bool{"1.1": true, "1.2": true, "1.3": true, "1.6": true, "1.10": true}

// Words that state that an address, or its domain, does not exist. Weaker
// words, such as "recipient rejected", name no cause and are not here.
var (
	noUserPattern = wordPattern(`(?:user|recipient|mailbox|account|address(?:ee)?|alias|local[- ]part|destination|person)(?: [^ ;,.]+){0,4}? +(?:is |was |are |an )?(?:unknown|not found|not known|not exist|not here|not listed|not valid|invalid|non-?existent|unrecogni[sz]ed|no longer (?:valid|exists?))|(?:user|recipient|mailbox|account|address(?:ee)?|alias|name)(?: [^ ;,.]+){0,4}? (?:doesn'?t|does not|don'?t|do not|didn'?t|did not) exist|(?:unknown|no such|invalid|non[- ]?existent|unrecogni[sz]ed|bad|illegal) (?:local )?(?:user|recipient|mailbox|account|rcpt|destination|alias|addressee|person|email|local[- ]part|to address|address|or (?:illegal|invalid) (?:alias|user))|no mailbox (?:here )?by that name|not a valid (?:mailbox|user|recipient|email)|isn'?t (?:a valid|listed)|(?:this user|account) does(?:n'?t| not) have|does(?:n'?t| not) have an? .{0,40}account|no (?:mailbox|account|user|recipient|addressee) (?:by|with|for|named|here)|not our customer|address (?:could not be|couldn'?t be|wasn'?t|was not) found|recipient ?not ?found|recipient name is not recogni|not (?:found )?in (?:the )?(?:address|directory|domino)|not\s+listed in|who does not exist|user .{0,60}(?:not|isn'?t) (?:found|listed) in|unrouteable address|unroutable address|(?:empfänger|benutzer|adresse?)\S*(?: ist| is)? (?:unbekannt|onbekend|niet gevonden)|(?:unbekannte|onbekende)[rn]? (?:empfänger|benutzer|adresse|gebruiker|ontvanger|adres)|adres niet gevonden|(?:gebruiker|ontvanger|adres|mailbox) bestaat niet|(?:destinataire|utilisateur|adresse|compte) (?:\S+ )?(?:inconnue?|n'existe pas)|(?:usuario|destinatario|cuenta|buzón|dirección) (?:\S+ )?(?:desconocid[oa]|no existe|inexistente)|宛先が?不明|存在しません|用户不存在`)
	noHostPattern = wordPattern(`host (?:name )?(?:is )?(?:unknown|not found)|host or domain name not found|unknown (?:host|domain)|(?:domain|host)(?: name)?(?: [^ ;,.]+){0,3}? (?:does(?:n'?t| not)|not) exist|no such (?:domain|host)|couldn'?t find any host|unrouteable (?:mail )?domain|unroutable (?:mail )?domain|domain (?:name )?not found|mail server .{0,40} does not exist|nxdomain|non-?existent domain`)
	noMailPattern = wordPattern(`null ?mx|does(?:n't| not) accept (?:any )?(?:mail|email) \(|indicated no smtp service|domain .{0,60}doesn't receive email`)
	movedPattern  = wordPattern(`(?:user|recipient|mailbox|account|addressee) has moved|(?:user's|recipient's|mail|e-mail|email) address has changed|address has been replaced by`)
)

// doubtPattern matches words that make a statement uncertain, or say that it
// may change.
var doubtPattern = wordPattern(`\bmay (?:not|be|have)\b|\bmight\b|\bperhaps\b|\bpossibl|\btemporar|try again later|found, try again|\bif (?:the|this|your)\b|\b(?:helo|ehlo)\b|\byour (?:own )?(?:domain|address|name|account)|sending (?:domain|server|host|address)|return[- ](?:path|address)|envelope[- ](?:from|sender)|reply-to|greylist|graylist|suspend|disabled|inactive|deactivated|locked|expired|(?:rejected|refused|blocked|denied) (?:by|due to) .{0,30}(?:recipient|user|filter|policy|rule|preferences)`)

// Words that show at which command the refusing server answered. It refuses an
// unknown recipient at RCPT. If it accepts the recipient and refuses the
// content with "user unknown", it filters mail: Japanese mobile networks do so
// for senders that the customer did not allow.
var (
	afterDataPattern = wordPattern(`in reply to (?:end of )?data|after (?:sending )?(?:end of )?data\b|after i sent the message|>>> data\s+<<< 5|\bfor text command`)
	afterFromPattern = wordPattern(`in reply to mail from|after mail from|>>> mail from:?[^\n]*\s+<<< 5|sender was rejected|after initial connection`)
	atRcptPattern    = wordPattern(`in reply to rcpt to|after rcpt to|>>> rcpt to:?[^\n]*\s+<<< 5|does not like recipient|smtp:rcpt|need rcpt|need recipient|no (?:valid )?recipients|<<< 503`)
)

// IsGone reports whether a mail server's answer to a mail proves that its
// address will never work. The status is that of RFC 3463, and may be empty.
func IsGone(status, answer string) bool {
	r := Recipient{Action: "failed", Status: findStatus(status), Diagnostic: answer}
	(&reportPieces{}).judgeRecipient(&r, true, false)
	return r.Hard
}

// isGone reports whether a refusal proves that its address will never work. A
// wrong proof would stop the next answer to a customer. So the status or the
// words must say it, and neither of them may name another cause, such as a
// policy, a full mailbox, the sender, or a fault that passes.
//
// words are the refusing server's own, or else the text about the address, and
// near is that text. Both are plain words, see [plainWords].
func isGone(r Recipient, words, near string) bool {
	if !hardReasons[r.Reason] || r.Action != "failed" || strings.HasPrefix(r.Reply, "4") {
		return false
	}
	class, detail, _ := strings.Cut(r.Status, ".")
	if class != "5" {
		return false
	}
	subject, _, _ := strings.Cut(detail, ".")
	said := statement(words)
	switch subject {
	case "0", "1", "2", "5":
	case "4": // the network, unless the mail cannot be routed because the domain does not exist
		if !noHostPattern().isIn(said) {
			return false
		}
	case "3": // a system, such as one that states no better number for an unknown recipient
		if !atRcptPattern().isIn(near + said) {
			return false
		}
	default: // the content or a policy
		return false
	}
	if detail == "2.2" || detail == "2.3" {
		return false
	}
	if !goneStatuses[detail] && !statesGone(said) {
		return false
	}
	return !isRefusedElsewhere(near) && !doubtPattern().isIn(said) && !namesOtherCause(said)
}

// isRefusedElsewhere reports whether the server refused the sender or the
// content, and not the recipient.
func isRefusedElsewhere(near string) bool {
	if atRcptPattern().isIn(near) {
		return false
	}
	return afterDataPattern().isIn(near) || afterFromPattern().isIn(near)
}

// statesGone reports whether words state that an address does not exist.
func statesGone(words string) bool {
	for _, p := range []func() wordMatcher{noUserPattern, noHostPattern, noMailPattern, movedPattern} {
		if p().isIn(words) {
			return true
		}
	}
	return false
}

// namesOtherCause reports whether words name a cause that is not the address.
func namesOtherCause(words string) bool {
	return slices.ContainsFunc(reasons, func(r reason) bool { return r.excuses && r.words().isIn(words) })
}

// statement returns the paragraphs of words that state that an address does
// not exist, and all of words if no paragraph does.
func statement(words string) string {
	if !strings.Contains(words, "\n\n") {
		return words
	}
	var b strings.Builder
	for _, paragraph := range strings.Split(words, "\n\n") {
		if statesGone(paragraph) {
			b.WriteString(paragraph + "\n")
		}
	}
	if b.Len() == 0 {
		return words
	}
	return b.String()
}
