package redact

import (
	_ "embed" // for the words
	"strings"
	"sync"
)

//go:embed words_nl.txt
var wordsNL string

//go:embed words_en.txt
var wordsEN string

// vocabulary returns the ordinary words. A word that is missing may be a name. It is
// built at the first quote, not at every start.
var vocabulary = sync.OnceValue(func() map[string]bool {
	words := make(map[string]bool, 4096)
	for _, text := range []string{wordsNL, wordsEN} {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for w := range strings.FieldsSeq(line) {
				words[strings.ReplaceAll(w, "'", "")] = true
			}
		}
	}
	return words
})

// wordSet returns the set of the words of a text.
func wordSet(line string) map[string]bool {
	s := map[string]bool{}
	for w := range strings.FieldsSeq(line) {
		s[w] = true
	}
	return s
}

var (
	// capitals may have a capital anywhere: they are never names of people.
	capitals = wordSet(`i u nederland nederlands nederlandse postnl dhl dpd ups gls ideal paypal klarna visa mastercard bancontact
		whatsapp messenger instagram android iphone ipad ios windows bluetooth wifi usb btw avg sms pdf ok nl en dutch english
		monday tuesday wednesday thursday friday saturday sunday january february march october november december
		i'm i've i'll i'd im ive id ill qr led tv hdmi faq app mail e-mail nb ps aub svp asap gdpr vat`)

	// doubtful are ordinary words that are names too: a text with one of them
	// capitalized is not quoted.
	doubtful = wordSet(`groot groote klein kleine lang lange kort korte groen groene wit witte zwart zwarte rood rode bruin blauw blauwe vos koop
		will bill hope grace mark rose may june april joy faith bas wil floor roos storm max rob jack frank grant art pat sue
		chip dean miles brown green white black young long king day rain love wood house church rich march august mei juni juli augustus
		boon oud dik tuin poot bos prins koning spits dame heer sterk winter zomer water kamp hart ring rust vogel vries vriend
		bel hall hill lake smith stone turner walker ward wright gift gold iris ivy ruby penny robin summer autumn trip
		fox gray grey lane mason park pope porter power swift trust west strong sharp
		said till easter else patience chance dan general price los lot nat best blank just plank little garden care spinner
		helen julie julien therese madeline maarten maartje evert allen justen waters bente juste auguste haven doorn ginger`)

	// asName are lower-case words that are names unless the word before shows
	// that they are not: "my bill", "I will".
	asName = map[string]map[string]bool{
		"bill": wordSet("the my this that a your our last first second monthly final new old electricity wrong total of to every each on"),
		"will": wordSet("i you it they we he she this that what when who there order package parcel delivery someone nobody anyone somebody which which item refund how then and items"),
		"hope": wordSet("i we"),
		"wil":  wordSet("ik jij je hij ze zij u dat dit het die wel en maar of ook niet graag nu"),
		"may":  wordSet("i you we it they this that"),
	}

	// opens has names that are ordinary words at the beginning of a sentence if one
	// of these words follows.
	opens = map[string]map[string]bool{
		"can":  wordSet("you i we someone somebody anyone anybody they he she it this that the my"),
		"will": wordSet("you we someone somebody anyone they he she it this that the my"),
		"may":  wordSet("i we"),
		"dan":  wordSet("krijg kan wil heb is kom moet ik"),
	}

	// neverWords look like inflections or compounds of ordinary words, and
	// are names.
	neverWords = wordSet(`helen julie julien therese madeline maarten maartje evert allen justen bente juste auguste haven doorn ginger fabrice
		valter begine hande julide samed sameer chaten backer faller kasten kleinert koster linke mattern mensing rangen ringer
		schuldt thust weller langworth schaden aprile reale kunter waters`)

	// particles are in the middle of names.
	particles = wordSet("van de der den het ten ter te von di da del la le el al bin ben 't vd v/d op in")

	// stoppers end a name that was introduced without a comma.
	stoppers = wordSet(`en and ik i maar but of or met with uit from want because heb heeft have had has is was mijn my wil woon live hier here
		belde bel called call graag het dat that die who zei said told kan can heet waar where wanneer when hoe how`)

	// notNames may follow "mevrouw" and similar words, and are not names.
	notNames = wordSet("ik i we wij mijn my u is was heeft had die dat het the kan bij aan not niet en and")

	numbers = wordSet("nul een twee drie vier vijf zes zeven acht negen tien twintig dertig veertig vijftig zestig zeventig tachtig negentig zero one two three four five six seven eight nine ten double dubbel")
)
