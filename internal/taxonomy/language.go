package taxonomy

// A language is the language of a word, a sentence or a text.
type language int8

const (
	undecided language = iota
	dutch
	english
	languages // the number of values
)

// String returns the language as it is in [Result.Language].
func (l language) String() string { return [languages]string{"", "nl", "en"}[l] }

// Common words of one language. Words of both languages, such as "is", "of" and
// "want", are left out.
const (
	commonDutch = "aan ah alleen alles altijd andere aub ben bent bij bijna binnen ook daar daarom dan dank dat de deze die dit doe doen doet dus " +
		"echt een eens eerder en enige er ergens ff gaan gaat ga geen gedaan gehad gekregen goede goedemiddag goedemorgen goedenavond goedendag graag groet groeten " +
		"haal hallo heb hebben hebt heeft heel helaas helemaal hem het hier hij hoe hoi hun ie iedereen iemand iets ik inmiddels ja jaar je jij jou jouw jullie " +
		"kan kom komen komt krijg krijgen kun kunnen kunt laat lukt maak maar maand mag mee meer meerdere met mij mijn misschien mn moet moeten mocht mogelijk " +
		"na naar naast nee niemand niet niets niks nieuw nieuwe nog nooit nou nu om omdat ons onze op opnieuw paar sinds snel staat steeds svp " +
		"te tegen terug terwijl toch toen tot tussen u uit uw van vanaf vandaag vanochtend veel volgens vond voor waar waarom wanneer waren wat weer weet " +
		"weken wel welke werd werkt wie wij wil willen word worden wordt zal ze zeer zei zelf zich zien zijn zit zo zoals zonder zou zouden " +
		"bestelling pakket pakketje factuur kapot gisteren morgen dagen zeggen klopt alvast bedankt beste geachte mevrouw meneer"
	commonEnglish = "a about after again already also always am an and any anyone anything are arent around as ask at back because before being been but by " +
		"came can cannot cant could couldnt dear did didnt do does doesnt doing dont ever every everything few first for from get getting give go going good got " +
		"has hasnt have havent having hello help here him his how i if ill im instead isnt it its ive just keep keeps know let like " +
		"looking make makes many might more most much must my need never new no not nothing now off on once one only or other our out " +
		"package parcel please pls put really received same say says send sent she should since so some someone something still such take than thank thanks thx that thats " +
		"the their them then there these they thing this those three through to today told tomorrow too tried try trying two under until up us use very " +
		"wasnt way well went were what when where which while who why will with without wont working works would yes yesterday yet you your youre ago weeks days"
)

// wordCounts counts the common words of each language.
type wordCounts [languages]int

// decide returns the language of a text with these counts. One word is enough if the
// text has no common word of the other language. Otherwise a language needs two
// words more than the other.
func (c wordCounts) decide() language {
	nl := c[dutch]
	en := c[english]
	switch {
	case nl > 0 && (en == 0 || nl-en >= 2):
		return dutch
	case en > 0 && (nl == 0 || en-nl >= 2):
		return english
	default:
		return undecided
	}
}

// guess returns the language with the most common words.
func (c wordCounts) guess() language {
	switch {
	case c[dutch] > c[english]:
		return dutch
	case c[english] > c[dutch]:
		return english
	default:
		return undecided
	}
}
