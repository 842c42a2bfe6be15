package taxonomy

import "strings"

// The words of the slots that every taxonomy has.
const (
	notWords  = "niet|geen|nooit|nergens|zonder|not|no|never|without|isnt|arent|wasnt|werent|doesnt|dont|didnt|hasnt|havent|cant|cannot|wont|nor"
	onlyWords = "alleen|slechts|enkel|only|just"
	butWords  = "maar|want|omdat|dus|but|because|however|en|and|dat|that|waarom|why|hoe|how|toen|when|terwijl|while"
)

// skipWords may be between two words of an expression of the lexicon: "doet het echt
// niet".
const skipWords = "meer|echt|gewoon|even|nu|helemaal|ook|nog|al|toch|eens|wel|zo|steeds|altijd|er|heel|erg|weer|telkens|ineens|opeens|plotseling|volledig|goed|eigenlijk|ineens|mij|me|" +
	"really|just|now|even|still|completely|all|again|suddenly|properly|anymore|at|always|simply|yet|ever|actually|any|my|the"

// orderWords are the words that an order number counts as.
var orderWords = []string{"bestelling", "order"}

// noneWords are the words that a negation of a phrase matches.
const noneWords = "niet|geen|nooit|nergens|zonder|niemand|niets|niks|nauwelijks|amper|not|no|never|without|nobody|none|nothing|isnt|arent|wasnt|werent|doesnt|dont|didnt|" +
	"hasnt|havent|nor|barely|hardly"

// negations are the words of a phrase that say no more than that.
const negations = "niet geen nooit zonder not no never without isnt arent wasnt werent doesnt dont didnt hasnt havent"

// determiners are negations of the word that follows them.
const determiners = "geen zonder no without"

// functionWords are words without a meaning of their own. They are not keys.
const functionWords = "ik je jij jou u uw mijn mij me wij we ons onze jullie hij hem zijn zij ze haar hun het de een deze die dit dat er daar hier " +
	"is ben bent was waren word wordt worden werd heb hebt heeft hebben had hadden kan kun kunt kunnen kon moet moeten mag wil wilt willen zal zou zouden ga gaat gaan doe doet doen laat laten krijg krijgt krijgen " +
	"geef geeft geven maak maakt maken neem neemt nemen staat staan zit zitten " +
	"in op van voor met aan bij door naar om te tot uit over per als dan of en maar want dus omdat zodat toch nog al steeds weer ook wel even heel erg echt zo zeer graag nu toen altijd meer zelf iets wat alles alleen terug " +
	"lang lange geleden dag dagen week weken maand maanden jaar jaren uur uren minuten keer vandaag gisteren morgen vanmorgen " +
	"i you your my our us he his she her they them their it its the a an this that these those there here " +
	"am are were be been being have has do does did can could will would shall should may might must get gets got getting let lets give gives make makes take takes " +
	"on for at by to from out up about into and but so if because just still yet again always even very really please more some any all only back " +
	"long ago day days week weeks month months year years hour hours minute minutes time times today yesterday tomorrow"

// followers are words that may follow the particle of a separated verb: "zeg ik op per
// mei". Other words make it a preposition: "op de site".
const followers = "en want omdat maar als dat of om voor via bij per met in aan op naar tot sinds vanaf na wegens dus zodat terwijl toen graag aub svp alstublieft " +
	"and but because if for with at by from since please"

// articles are function words that a phrase of one key may have beside it: "my card",
// "ga verhuizen".
const articles = "ik wij we mijn ons onze de het een deze dit i my our the a an this ga gaan ben zijn wil willen graag am are want please"

// particles are function words with a meaning at the end of a phrase: "gaat vanzelf uit".
const particles = "uit aan af op in off on out up down"

// auxiliaries begin a question without a question word.
const auxiliaries = "is ben bent zijn was waren heb hebt heeft hebben kan kunt kunnen am are were has have had do does did can could will would"

// questionWords are keys although they are common: "waar is" and "wanneer is" differ.
const questionWords = "waar wanneer hoe waarom welke where when how why which"

// wordSets are the sets of words that decide the keys of a phrase.
type wordSets struct{ filler, none, negation, determiner, function, article, particle, auxiliary, question map[string]bool }

func newWordSets() wordSets {
	return wordSets{
		filler:   wordSet(strings.ReplaceAll(noneWords, "|", " ") + " " + functionWords),
		none:     wordSet(strings.ReplaceAll(noneWords, "|", " ")),
		negation: wordSet(negations), determiner: wordSet(determiners), function: wordSet(functionWords),
		article: wordSet(articles), particle: wordSet(particles), auxiliary: wordSet(auxiliaries), question: wordSet(questionWords),
	}
}

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}
