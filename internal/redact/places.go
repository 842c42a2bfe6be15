package redact

import (
	"strings"
)

// residence comes before the name of a place or a street.
var residence = lazy(`(?i)(?:^|[^\p{L}\d'])(?:` +
	`(?:woon(?:t|de)?|wonen|woonden|woonachtig|gevestigd|verhuisd|verhuis(?:t|de)?|verhuizen|live|lives|lived|living|moved|moving|based|located)` +
	`(?: [\p{L}']+){0,2}? (?:in|op|aan|te|bij|naar|at|to|on|near)` +
	`|(?:adres|address|woonplaats)(?: is| was| wordt|:)+` +
	`|(?:ik kom|kom ik|wij komen|we komen|i come|we come|i'm|i am|im|we're|we are) (?:uit|from)` +
	`)\s+`)

const maxPlaceWords = 5

// maskPlaces masks the words after one that says where a person lives, until the end
// of the phrase.
func maskPlaces(text string) string {
	var b strings.Builder
	for {
		loc := residence().FindStringIndex(text)
		if loc == nil {
			break
		}
		b.WriteString(text[:loc[1]])
		text = text[loc[1]:]
		if from, to := findPlace(text); to > from {
			b.WriteString(text[:from])
			b.WriteString(tokenAddress)
			text = text[to:]
		}
	}
	b.WriteString(text)
	return b.String()
}

// findPlace returns the range of the place with which a text begins, without its
// article. The range is empty for "a flat" and "the countryside".
func findPlace(text string) (from, to int) {
	at := 0
	n := 0
	article := false
	for s := range eachWord(text) {
		word := fold(text[s.from:s.to])
		isApart := strings.Trim(text[at:s.from], " .-/'") != ""
		if isApart || n == maxPlaceWords || isToken[text[s.from:s.to]] {
			break
		}
		at = s.to
		if n == 0 && !article && articles[word] {
			article = true
			continue
		}
		isEnd := stoppers[word] || placeStoppers[word] || (n == 0 && (notPlaces[word] || (article && commonPlaces[word])))
		if isEnd {
			break
		}
		if n == 0 {
			from = s.from
		}
		to = s.to
		n++
	}
	return from, to
}

var (
	articles      = wordSet("de het t the den")
	placeStoppers = wordSet("dus so sinds since nu now voor for als if dan then er there omdat as niet not nog still al already maar dit this waardoor zodat terwijl while daar last vorige vorig next volgende this today per vanaf")
	// notPlaces begin a phrase that names no place.
	notPlaces = wordSet("een a an mijn my onze ons our zijn haar her his their hun dezelfde hetzelfde another other jullie your deze this that dat elke each wat waar hier here daar there mij me u je we ik i you us er it what zelfde same verschillende different")
	// commonPlaces are no names of places after an article.
	commonPlaces = wordSet(`buitenland stad dorp buurt centrum verdieping winkel zaak flat uk us netherlands countryside city village building office ground
		first second third fourth eerste tweede derde vierde vijfde begane bovenste onderste top same andere other zijkant achterkant voorkant onderkant
		bovenkant post hoogte market shop store company box doos website site app warehouse magazijn depot outside inside back front side bottom`)
	// placeWords are common words that are places too.
	placeWords = wordSet("best goes bergen leiden huizen putten sluis hoorn enter heel made echt reading bath nice deal sale wells ware hull hove sandwich battle rugby")
	// beforePlace are the first words of places of which the rest is unknown.
	beforePlace = wordSet("little great upper lower north south east west saint new old nieuw nieuwe oud oude noord zuid oost west lange korte prinses prins koningin koning burgemeester dokter sint")
)
