package traffic

// A Line is a text of a customer with its reason.
type Line struct {
	Text   string
	Reason string // id in infra/taxonomy.yaml; empty if the text has no known reason
}

// Openings are ten first messages of a conversation, in the mix of a web shop:
// four everyday questions about an order, two about a possible problem, and four
// without a known reason.
var Openings = []Line{
	{"Hallo, waar blijft mijn bestelling? Ik had haar gisteren verwacht.", "order-status"},
	{"Goedemiddag, wanneer wordt mijn pakket bezorgd?", "order-status"},
	{"Hi, can you tell me where my order is? The tracking code says nothing.", "order-status"},
	{"Waar is mijn bestelling WS-104233?", "order-status"},
	{"Hoi, ik heb een vraag", ""},
	{"Goedemorgen! Is er iemand?", ""},
	{"Hello, I would like to ask something about what I bought last week.", ""},
	{"Ik snap mijn factuur niet. Er staat een bedrag op dat ik niet herken.", "invoice-unclear"},
	{"Mijn robotstofzuiger is kapot, hij doet niets meer.", "defect"},
	{"Fijne winkel hebben jullie, dank voor de snelle hulp vorige keer.", ""},
}

// FollowUps are messages that a customer adds within minutes.
var FollowUps = []string{
	"Het ging om een bestelling van vorige week dinsdag.",
	"Ik ben vandaag tot vijf uur bereikbaar.",
	"Alvast bedankt!",
	"?",
	"Ik hoor het graag.",
}

// Answer is an agent's answer.
const Answer = "Dank voor uw bericht. We hebben het voor u uitgezocht en komen er vandaag op terug. Heeft u intussen nog iets nodig, laat het dan weten."
