package redact

import (
	"embed"
	"strings"
	"sync"
)

//go:embed words_nl.txt words_en.txt everyday.txt names.txt
var lists embed.FS

// A lexicon has the words that are known, folded.
type lexicon struct {
	dutch, english map[string]bool // words of shops and their customers, written by hand
	common         map[string]bool // other common words of both languages
}

// isBasic reports whether a word is on a list that was written by hand.
func (l lexicon) isBasic(word string) bool { return l.dutch[word] || l.english[word] }

// vocabulary returns the common words. A word that is missing may be a name. It is
// built at the first quote, not at every start.
var vocabulary = sync.OnceValue(func() lexicon {
	return lexicon{dutch: readWords("words_nl.txt"), english: readWords("words_en.txt"), common: readWords("everyday.txt")}
})

// names returns the Dutch and English words that are first names or surnames too,
// and some more that may be.
var names = sync.OnceValue(func() map[string]bool { return readWords("names.txt") })

// readWords returns the words of an embedded file. A line with # is a comment.
func readWords(file string) map[string]bool {
	words := map[string]bool{}
	text, err := lists.ReadFile(file)
	if err != nil {
		panic("redact: " + err.Error()) // the file is part of the program
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(line) {
			words[strings.ReplaceAll(w, "'", "")] = true
		}
	}
	return words
}

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
		i'm i've i'll i'd im ive id ill qr led tv hdmi faq app mail e-mail nb ps aub svp asap gdpr vat sir sirs madam mevrouw meneer heer
		duits duitse duitsland engelse belgie belgische german germany french belgium british european eu europa europe uk usa
		xl xxl xs hq tv's pc cv kvk iban bic nfc gps url html javascript google samsung huawei gmail hotmail outlook facebook
		insta snapchat tiktok youtube twitter chrome firefox safari ikea tikkie marktplaats trustpilot xd lol omg`)

	// anywhere may have a capital at any place: the first words of sentences,
	// which often follow a comma or the end of a line.
	anywhere = wordSet(`de het een t mijn m'n ik je jij u uw jouw jullie we wij ze zij hij dit dat die deze er en of maar want dus als dan om op in uit aan
		bij met voor van naar over niet geen nog al ook wel waar wat wie wanneer waarom hoe welke graag kunt kunnen kan is zijn was heb hebben heeft
		hallo hoi hey hi hello goedemorgen goedemiddag goedenavond goedendag beste geachte dear gaat kon moet mag wilt
		the a my your our this that it its are they you he she and but or because please thanks thank bedankt dank alvast
		when where what why how which who do does did has have had can could would should there after before since for to from with at on of by not no`)

	// asName are lower-case words that are names unless the word before shows
	// that they are not: "my bill", "I will".
	asName = map[string]map[string]bool{
		"bill":  wordSet("the my this that a your our last first second monthly final new old electricity wrong total of to every each on phone higher"),
		"bills": wordSet("the my your our old monthly two three of pay paying wrong"),
		"will":  wordSet("i you it they we he she this that what when who there order package parcel delivery someone nobody anyone somebody which item refund how then and items that"),
		"hope":  wordSet("i we and"),
		"wil":   wordSet("ik jij je hij ze zij u dat dit het die wel en maar of ook niet graag nu"),
		"may":   wordSet("i you we it they this that"),
		"april": wordSet("in sinds since eind begin half end of until tot per"),
		"june":  wordSet("in since end of until last"),
		"mei":   wordSet("in sinds eind begin half tot per"),
		"juni":  wordSet("in sinds eind begin half tot per"),
		"juli":  wordSet("in sinds eind begin half tot per"),
		"july":  wordSet("in since end of until last"),
		"mark":  wordSet("red burn black scratch water"),
		"joke":  wordSet("a the this no bad some sick complete"),
		"frans": wordSet("in het naar van"),
		"ken":   wordSet("ik niet die dat u ze hem haar"),
		"lot":   wordSet("a the whole het"),
		"toon":  wordSet("ik de"),
		"joy":   wordSet("no much"),
		"grace": wordSet("of"),
	}

	// opens has names that are ordinary words at the beginning of a sentence if one
	// of these words follows.
	opens = map[string]map[string]bool{
		"al":   wordSet("drie twee vier vijf zes tien een weken dagen maanden uren die dat deze mijn meer sinds met geruime jaren ruim bijna ik het de is lang eens mijn onze weer"),
		"ben":  wordSet("ik je jij u nu nog al benieuwd erg zeer heel niet inmiddels hier zo dus teleurgesteld ontevreden boos wel net ook reeds klaar het er zelf"),
		"bel":  wordSet("mij me ons even gerust graag terug al me"),
		"bent": wordSet("u je jij"),
		"elke": wordSet("keer dag week maand avond ochtend nacht poging uur bestelling mail klant minuut morgen zondag maandag"),
		"kan":  wordSet("ik iemand u je jij jullie dit dat het de er men mijn niet ook deze die zo wel hij ze zij mij me echt nergens"),
		"can":  wordSet("you i we someone somebody anyone anybody they he she it this that the my"),
		"will": wordSet("you we someone somebody anyone they he she it this that the my"),
		"may":  wordSet("i we"),
		"wil":  wordSet("graag ik jullie u je dit dat even mijn"),
		"dan":  wordSet("krijg kan wil heb is kom moet ik"),
	}

	// neverWords look like inflections or compounds of ordinary words, and
	// are names.
	neverWords = wordSet(`helen julie julien therese madeline maarten maartje evert allen justen bente juste auguste haven doorn ginger fabrice
		valter begine hande julide samed sameer chaten backer faller kasten kleinert koster linke mattern mensing rangen ringer
		schuldt thust weller langworth schaden aprile reale kunter waters
		anderst andert arents avondt bellens boutens bovens brande brandes fransen lampens langers moerenhout stockt vierendeels vriendt wandels
		willens wandeler persoons kerens wildes witten greene schones`)

	// beforeName come before a name that is a colour too.
	beforeName = wordSet("de den van door met bij aan hoi hallo beste meneer mevrouw familie")

	// strongBefore has adjectives that are surnames after these words: "de groot".
	strongBefore = map[string]map[string]bool{
		"groot": wordSet("de den van meneer"), "klein": wordSet("de den van meneer"), "lang": wordSet("de den"), "kort": wordSet("de den"),
		"wit": beforeName, "zwart": beforeName, "groen": beforeName, "bruin": beforeName, "jong": wordSet("de den"),
		"oud": wordSet("de den"), "wild": wordSet("de den"), "boer": wordSet("de den"), "vries": wordSet("de"), "graaf": wordSet("de"),
	}

	// ordinaryPairs are pairs of words that look like a surname, and are not one.
	ordinaryPairs = map[string]bool{"den duur": true, "den beginne": true}

	// nameParticles are particles that may be between a first name and a surname.
	nameParticles = wordSet("van de der den het ten ter te von di da del la le el al bin ben t vd")

	// afterPlaceWord come before the name of a place.
	afterPlaceWord = wordSet("in te uit naar from to near bij at")

	// beforeNumber come before the number of a house, an account or a card.
	beforeNumber = wordSet(`nummer nr no num number nummers numbers huisnummer huisnr unit flat apartment apt appartement kamer postbus eindigt eindigend
		ending ends pin pincode code cijfers digits tel telefoon phone mobiel mobile klant klantnr leeftijd age aged pas rekening account polis`)

	// units are counted.
	units = wordSet(`keer keren maal x dag dagen week weken maand maanden jaar jaren uur uren minuut minuten min seconden sec euro euros eur cent
		procent percent stuks stuk watt volt liter meter cm mm km kg gram graden times day days week weeks month months year years hour hours
		minute minutes mins second seconds hrs pounds pence quid pieces degrees inch inches metres meters ghz mah gb pixels personen people
		poten stoelen lampen kussens dozen pakketten pakjes schroeven bouten bestellingen facturen bureaus mails mailtjes chairs lamps boxes
		parcels packages screws bolts orders invoices desks emails calls werkdagen working business sterren stars stappen steps e`)
	ages = wordSet("jaar year years")

	// beforeAge come before an age without a unit: "my mother is 88".
	beforeAge = wordSet("van of is was ben am im al bijna ruim nearly almost over currently inmiddels nu aged")
	// contractions follow the apostrophe of "parcel's" and "you've".
	contractions = wordSet("s ve d ll re")
	relatives    = wordSet(`man vrouw zoon zoontje dochter dochtertje kind kindje kleinzoon kleindochter baby moeder vader oma opa broer broertje zus
		zusje neef neefje nicht nichtje vriend vriendin husband wife son daughter child kid grandson granddaughter mother father mum dad brother sister nephew niece`)
	beforeOwnAge = wordSet("ben am im word turned")
	turning      = wordSet("word wordt worden werd turn turns turned turning")

	// lowNumerals are numbers in words that count more often than they name a house.
	lowNumerals = wordSet("nul een twee drie vier vijf zes zeven acht negen tien elf twaalf zero one two three four five six seven eight nine ten eleven twelve hundred honderd twintig dertig")

	// beforeStreet are the words after which an address begins.
	beforeStreet = wordSet("op aan bij in naar voor at on to from near is adres address woon live en and maar but mijn my the het was")

	// secretStates follow "my password is" and are no password.
	secretStates = wordSet(`niet niks al nog not still wrong fout verkeerd verlopen expired vergeten forgotten onjuist ongeldig invalid te too geweigerd
		geblokkeerd blocked reset gereset changed gewijzigd correct juist goed dus ook weer kwijt lost weg gone never nooit being een a the my mijn denied
		rejected refused incorrect unknown onbekend that dat ik i it het required verplicht zoek now nu gelukt mogelijk required always altijd`)

	// particles are in the middle of names.
	particles = wordSet("van de der den het ten ter te von di da del la le el al bin ben 't vd v/d op in")

	// stoppers end a name that was introduced without a comma.
	stoppers = wordSet(`en and ik i maar but of or met with uit from want because heb heeft have had has is was mijn my wil woon live hier here
		belde bel called call graag het dat that die who zei said told kan can heet waar where wanneer when hoe how`)

	// notNames may follow "mevrouw" and similar words, and are not names.
	notNames = wordSet("ik i we wij mijn my u is was heeft had die dat het the kan bij aan not niet en and")

	numbers = wordSet("nul een twee drie vier vijf zes zeven acht negen tien twintig dertig veertig vijftig zestig zeventig tachtig negentig zero one two three four five six seven eight nine ten double dubbel")
)
