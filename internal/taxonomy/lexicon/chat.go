package lexicon

// Chat are spellings of chat messages, with the words that they replace. Spellings that
// are words in the other language are left out, for example u for you.
var Chat = map[string]string{
	// Dutch.
	"mn": "mijn", "zn": "zijn", "ff": "even", "ffe": "even", "effe": "even", "idd": "inderdaad", "ipv": "in plaats van", "vd": "van de", "ivm": "in verband met", "mbt": "met betrekking tot",
	"tav": "ter attentie van", "obv": "op basis van", "nie": "niet", "nt": "niet", "gn": "geen", "nix": "niks", "nogniet": "nog niet", "nogsteeds": "nog steeds",
	"wnr": "wanneer", "wrm": "waarom", "ist": "is het", "tis": "het is", "das": "dat is", "kheb": "ik heb", "kwil": "ik wil", "kga": "ik ga", "kzie": "ik zie", "kben": "ik ben", "hebk": "heb ik",
	"krg": "krijg", "vdaag": "vandaag", "gister": "gisteren", "mrgn": "morgen", "egt": "echt", "zsm": "zo snel mogelijk", "bijv": "bijvoorbeeld", "iig": "in ieder geval", "wss": "waarschijnlijk",
	"gwn": "gewoon", "ofzo": "of zo", "ww": "wachtwoord", "abo": "abonnement", "abbo": "abonnement", "bestelnr": "bestelnummer", "ordernr": "ordernummer", "telnr": "telefoonnummer", "rek": "rekening",
	"jlle": "jullie", "jll": "jullie", "iem": "iemand", "tog": "toch", "mss": "misschien", "msch": "misschien", "aub": "alstublieft", "svp": "alstublieft",
	"defekt": "defect", "defekte": "defecte", "kontakt": "contact", "produkt": "product", "produkten": "producten", "aktie": "actie", "aktiecode": "actiecode", "kado": "cadeau", "copie": "kopie",
	"abonement": "abonnement", "abbonement": "abonnement", "abonnoment": "abonnement", "anuleren": "annuleren", "annulleren": "annuleren", "geannulleerd": "geannuleerd", "ontvange": "ontvangen",
	"betaaling": "betaling", "beindigen": "beeindigen", "tevee": "te veel", "tehoog": "te hoog", "nogsteets": "nog steeds", "steets": "steeds",
	// English.
	"pls": "please", "plz": "please", "thx": "thanks", "thnx": "thanks", "tnx": "thanks", "ty": "thank you", "ur": "your", "cuz": "because", "coz": "because", "thru": "through",
	"gonna": "going to", "wanna": "want to", "gotta": "got to", "dunno": "do not know", "idk": "i do not know", "tmrw": "tomorrow", "2day": "today", "asap": "as soon as possible",
	"acct": "account", "msg": "message", "pkg": "package", "pwd": "password", "pw": "password", "recd": "received", "rcvd": "received", "b4": "before", "aint": "is not", "whens": "when is",
	"wheres": "where is", "whats": "what is", "hows": "how is", "theres": "there is", "nvr": "never", "rly": "really", "addy": "address",
}
