// Package lexicon is the everyday language of customer service, in Dutch and
// English. It belongs to no organisation: package taxonomy uses it for each one.
//
// Its phrases have the notation of a taxonomy.
package lexicon

// Phrases are phrases in both languages.
type Phrases struct{ NL, EN []string }

// Asides are remarks that say nothing about the reason of a contact. Their words, and
// the words between them, do not count.
var Asides = Phrases{
	NL: []string{
		"stap|stappen|ga|gaan|loop .. naar .. rechter|rechtsbijstand|advocaat|consumentenbond|geschillencommissie",
		"stap|stappen|ga|gaan|loop .. naar .. politie|pers|krant|media|kassa|radar|acm",
		"rechtsbijstand|consumentenbond|geschillencommissie|jurist .. inschakelen|inlichten|bellen",
		"rechtsbijstand|rechtsbijstandsverzekering|consumentenbond|geschillencommissie|advocaat|deurwaarder|rechter",
		"slechte|negatieve .. recensie|review|beoordeling", "met stomheid geslagen", "tot op de dag van vandaag", "op de hoogte", "aan de slag",
		"in de loop van", "een stuk minder|meer|beter|slechter|goedkoper|duurder|hoger|lager|sneller|langer|korter", "een heel|flink|groot stuk", "een stuk of|in|papier|brood", "een stuk .. schrijven|lezen", "aan de andere kant",
		"goed op weg", "in de war", "van harte", "al met al", "wat dat betreft", "onder de indruk", "om de hoek", "op vakantie", "in de buurt",
	},
	EN: []string{
		"contact|see|call|consult|involve|inform .. my lawyer|solicitor|attorney|bank", "my lawyer|solicitor|attorney", "take legal action|steps", "small claims court",
		"trading standards", "consumer association|rights|protection", "bad|negative|poor .. review", "in the meantime", "on the other hand", "keep up the good work",
		"in good time", "at the end of the day", "by the way", "needless to say", "as a matter of fact", "last but not least",
	},
}

// Closings begin the signature of a mail if they begin a sentence or a clause.
var Closings = Phrases{
	NL: []string{
		"met vriendelijke|hartelijke|beste groet|groeten", "vriendelijke|hartelijke groet|groeten", "groet", "groeten", "groetjes", "mvg", "hoogachtend", "m v g",
		"verzonden|verstuurd vanaf|met mijn", "alvast bedankt en groet",
	},
	EN: []string{
		"kind|best|warm|many regards", "regards", "yours sincerely|faithfully|truly", "sincerely", "best wishes", "all the best", "sent from my", "many thanks and regards",
	},
}
