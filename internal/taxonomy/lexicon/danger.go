package lexicon

// A Danger is a kind of danger to people. One sign of it is enough for a critical
// reason that is about it.
type Danger struct {
	// Topics are beginnings of words. A critical reason is about the danger if one
	// of its phrases has such a word.
	Topics []string
	// Signs recognise the danger, unless a negation precedes them closely.
	Signs Phrases
	// Everyday phrases have words of a sign, but no danger. Their words, and the
	// words between them, do not count as a sign.
	Everyday Phrases
}

// Dangers are the kinds of danger, each with its signs.
var Dangers = []Danger{unsafeProduct, gasLeak}

// Words that several signs use.
const (
	bodyNL   = "hand|handen|vinger|vingers|duim|arm|armen|been|benen|voet|voeten|teen|tenen|gezicht|hoofd|huid|oog|ogen|oor|oren|lip|lippen|mond|rug|knie|pols|buik|nek|haar"
	bodyEN   = "hand|hands|finger|fingers|thumb|arm|arms|leg|legs|foot|feet|toe|toes|face|head|skin|eye|eyes|ear|ears|lip|lips|mouth|back|knee|wrist|neck|tongue|hair"
	personNL = "mij|me|hem|ons|kind|kinderen|kleuter|peuter|baby|dochter|dochtertje|zoon|zoontje|kleinkind|kleinzoon|kleindochter|man|vrouw|moeder|vader|oma|opa|hond|kat"
	personEN = "me|him|us|child|children|kid|kids|toddler|baby|daughter|son|grandchild|grandson|granddaughter|husband|wife|mother|mum|mom|father|dad|dog|cat|someone"
	cordNL   = "snoer|snoeren|draad|draden|draadje|draadjes|bedrading|kabel|kabels|kabeltje|stekker|stekkers|stopcontact|adapter|adaptor|oplader|lader|voeding|trafo|contactdoos"
	cordEN   = "wire|wires|wiring|cable|cables|cord|plug|plugs|socket|outlet|adapter|adaptor|charger|power supply|lead"
	cellNL   = "accu*|batterij*|powerbank"
	cellEN   = "battery|batteries|powerbank|cell|cells"
)

var unsafeProduct = Danger{
	Topics: []string{
		"brand", "vuur", "vlam", "rook", "vonk", "schok", "ontplof", "explo", "gesmolten", "gevaar", "onveilig", "kortsluiting", "gewond", "letsel",
		"fire", "flame", "smok", "spark", "shock", "melt", "danger", "unsafe", "hazard", "injur",
	},
	Signs: Phrases{
		NL: []string{
			// Fire and smoke.
			"brand", "brandje", "branden .. vlammen|rook|keuken|huis", "fik", "fikte|fikken", "in de hens", "afgefikt|afgebrand|uitgebrand", "vlam", "vlammen", "vlammetjes", "vlammetje", "vuur", "vuurbal",
			"steekvlam*", "brandweer*", "brandgat*|brandplek*|brandvlek*|brandschade|brandsporen", "gat .. gebrand|brandde", "brandde .. gat|door", "schroei*", "verschroei*", "geschroeid*",
			"*geblakerd", "*geblakerde", "smeul*", "rook", "rookt", "rookte", "rookten", "begon|begint|ging .. roken", "roken .. apparaat|uit", "rookwolk*", "rookontwikkeling", "rookpluim*", "walm*", "dikke damp",
			"brandlucht*", "brandgeur*", "schroeilucht*", "naar .. verbrand*|brand", "branderig* .. geur|lucht|stank|luchtje|ruikt|rook", "verbrande .. geur|lucht|stank|luchtje", "geur|lucht|stank .. verbrand*|brand|schroeien",
			"aangebrande lucht|geur", "brandgevaar*", "vlamvat*", "ontvlam*",
			// Electricity.
			"vonk", "vonken", "vonkt", "vonkte", "vonkje", "vonkjes", "kortsluit*", "kortgesloten", "zekering*|stop|stoppen|groep .. klapt|klapte|sprong|springt|gesprongen|doorgeslagen|eruit|vloog|vlogen",
			"sloeg|slaat|klapt|klapte|vloog|vlogen|klapten .. alles|stoppen|stop|stroom .. eruit|uit", "aardlek*", "schok", "schokken", "schokje", "schokt", "schokte", "stroomstoot*", "stroomschok*", "stroomschokken",
			"optater|opdonder|oplawaai|opdoffer & kreeg|krijg|gekregen|van", "tik|tikken & kreeg|krijg|gekregen|voelde & stroom|stekker|lamp|apparaat|machine|metaal|behuizing", "geelektrocuteerd", "elektrocut*",
			"onder stroom|spanning", "stroom|spanning op staat|stond|staan", "staat|stond|er stroom|spanning op", "stroom & voelen|voelde|gevoeld|lijf|lichaam|aanraak*|aanraken", "tintel*",
			"blote|losse draad|draden|draadjes|bedrading|kabel*", cordNL + " & bloot|blootligt|blootliggen|doorgebrand|gesmolten|smelt|smolt|zwart|zwartgeblakerd|verbrand|verschroeid",
			"doorgesmolten|versmolten|weggesmolten|gesmolten|smelt|smelten|smolt|smolten|smeltende",
			// Heat.
			"gloeiend", "gloeiende", "gloeiend heet", "heel|erg|super|echt|enorm|mega|bizar|abnormaal|ongelooflijk|pijnlijk|ondraaglijk|loeiend|loei heet", "loeiheet|snikheet|superheet", "roodgloeiend*", "bloedheet|bloedhete", "te heet .. aan|vast|raken|houden|pakken", "zo heet|warm dat", "zo heet", "veel te heet", "extreem|ontzettend|vreselijk|idioot|gevaarlijk heet",
			cordNL + "|accu|batterij|handvat|behuizing|zijkant|buitenkant & heet|hete|gloeiend*|bloedheet|kokend", "oververhit*", "kokend* .. over|spoot|spuit|spat|" + bodyNL, "kokendheet*",
			"heet|hete|heets .. spoot|spuit|spat|spatte|over|in|tegen .. " + bodyNL + "|mij|me|heen", "hete stoom|damp", "stoom .. " + bodyNL,
			"brandwond*", "brandblaar|brandblaren|brandblaartje", "blaren", "verbrand*", bodyNL + "|me|mij|mezelf .. gebrand",
			// Explosion.
			"ontplof*", "explo*", "uit elkaar gespat|gesprongen|geknald|geklapt|gespat|spatte|sprong|knalde|klapte", "spatte|sprong|knalde|klapte|barstte .. uit elkaar|kapot|uiteen", "gespat|gespatte|uiteengespat", "spontaan|plotseling|ineens .. gebarsten|gesprongen|geknapt|geklapt", "knapte|barstte|sprong|brak|klapte .. spontaan|vanzelf|stukken|stukjes", "geplofte|geploft", "flits & stroom|knal|licht|rook|stekker", "rookmelder*|rookalarm|brandalarm .. af",
			"knal", "knalde", "knalden", "geknald", "met .. plof", "scherven|splinters|glassplinters|glasscherven .. " + bodyNL + "|rond|vlogen|vliegen", "vloog|vlogen|schoot|schoten|losgeschoten .. " + bodyNL + "|rond|oren",
			// Batteries and chemicals.
			cellNL + " & bol|bolle|opgezwollen|gezwollen|zwelt|zwellen|opgezet|opgebold|bolt|uitgezet|dik|opgeblazen|ballon|vervormd|gebarsten|gescheurd|heet",
			cellNL + " & lekt|lekken|lekte|gelekt|lekkage|vloeistof|goedje|spul|druppelt|droop|druipt|drab|prut|blubber|zuur|sist|sissen|siste", "lekkende|lekke|lekkend|opgezwollen|gezwollen accu|batterij|batterijen", "bijtend*", "accuzuur|batterijzuur",
			"giftig*", "vergiftig*", "chemisch*|chemicalien .. geur|lucht|stank|damp|dampen|vloeistof|ruikt|rook|stinkt", "prikt|prikken|brandt|branden|irriteert .. huid|ogen|keel", "irritatie .. huid|ogen|keel", "huidirritatie|oogirritatie", "huiduitslag|uitslag .. van|door|gekregen",
			"allergische reactie", "benauwd|misselijk|hoofdpijn & geur|lucht|stank|damp*|rook",
			// Injuries.
			"gewond", "gewonde", "gewonden", "verwond", "verwondde", "verwonding*", "letsel", "bloedde", "bloeden", "bloedt", "gebloed", "bloedend", "bloedende", "bloed", "snijwond*", "hoofdwond*", "wond", "wondje", "wonden",
			"snee|sneetje|jaap in .. " + bodyNL, "snee", "snijwond", "neer|beneden|omlaag .. op .. " + bodyNL + "|" + personNL, bodyNL + " & geplet|verbrijzeld|gekneld|kwam", bodyNL + " .. gesneden|opengehaald|opengesneden|opengereten|gesneden", "gesneden|opengehaald|snijd|snijdt|sneed .. aan|" + bodyNL, "scherpe|vlijmscherpe rand|randen|punt|punten|kant|kanten|hoek",
			"vlijmscherp*", "ziekenhuis", "spoedeisende", "eerste hulp", "spoedpost|huisartsenpost", "ambulance|112", "hersenschudding", "hechtingen|gehecht|hechten", "naar .. dokter|huisarts|arts & " + bodyNL + "|gevallen|verbrand|gesneden",
			"pols|arm|been|enkel|vinger|teen|rib|ribben|heup|rug|neus|sleutelbeen|schouder .. gebroken|gekneusd|verstuikt|gescheurd", "gebroken|gekneusde pols|arm|been|enkel|vinger|teen|rib|heup|neus", "bezeerd|bezeerde", "kneuzing*|gekneusd|gekneusde", "bult|buil op", "blauwe plek|plekken", "gehoorschade|gehoorbeschadiging|oorsuizen|oorsuizingen", "ziek geworden .. van|door", "voedselvergiftiging", "pijn gedaan & " + bodyNL,
			"lelijk|hard .. gevallen|terechtgekomen", "op .. " + bodyNL + "|" + personNL + " .. gevallen|terechtgekomen|geland", "viel|valt|vallen|kantelde|klapte|stortte|zakte .. op|bovenop .. " + bodyNL + "|" + personNL,
			bodyNL + " .. klem|bekneld|beklemd|geklemd|ertussen", "beknel*", "stikgevaar|verstikking*", "gestikt|stikte|verslikt", "ingeslikt|doorgeslikt", "elektrische deken .. heet",
			// Collapse.
			"ingestort|instortte|instortten|instorten", "stortte .. in", "bezweken|bezweek|bezwijkt", "onder .. " + personNL + "|gewicht .. ingezakt|ingestort|doorgezakt|gebroken|afgebroken|bezweken|geknapt|stuk|brak|vandaan",
			"doorgezakt|ingezakt & zat|zitten|stoel|bank|onder|ging", "door de|mijn|het stoel|bank|zitting|bed .. gezakt|gevallen", "zakt|zakte|valt|viel .. vanzelf|spontaan|zomaar|plotseling .. om|in|naar beneden|omlaag",
			"brak|breekt|knapte|knakte|begaf .. terwijl|toen .. zat|zaten|zit|ging", "valt|viel|kantelt|kantelde|omgevallen|gekanteld .. om|om & kind|peuter|baby|bijna",
			// Words for danger.
			"levensgevaarlijk*", "levensgevaar", "gevaarlijk", "gevaarlijke", "gevaar", "onveilig", "onveilige", "niet .. veilig", "terugroepactie*|teruggeroepen", "veiligheidsrisico|veiligheidsprobleem",
			"bijna dood|overleden|verongelukt", "ongeluk|ongeval .. gebeurd|gehad|veroorzaakt|bijna",
		},
		EN: []string{
			// Fire and smoke.
			"fire", "fires", "flame", "flames", "firefighters|firemen", "alight", "ablaze", "blaze", "in|into flames", "smoke", "smoking", "smokes", "smoked", "smoky", "smoulder*|smolder*",
			"burning smell|plastic|rubber|wires|wire|hot|odour|odor|up", "smell|smells|smelled|smelling|smelt|stinks|stink|odour|odor|stench & burning|burnt|burned|burn|melting|melted|scorch*|singed",
			"something .. burning", "is|was|started|starts|keeps|begins burning", "burned", "burnt", "burn|burns|burning .. " + bodyEN + "|hole|through|carpet|table|down|myself|himself|herself|house|me|him",
			"burn mark|marks|wound|injury|injuries", "second degree burns", "suffered|got|has|have burns", "scorch*", "singed|singeing", "charred", "blackened|black & " + cordEN, "scald*", "blisters|blistered",
			"melt", "melts", "melted", "melting",
			// Electricity.
			"spark", "sparks", "sparked", "sparking", "short circuit*", "short circuited", "shorted", "tripped|trips|tripping|blew|blows|blown|blowing .. fuse|fuses|breaker|electrics|electricity|power|rcd",
			"electric|electrical|static shock*", "electrocut*", "zapped", "zaps|zap me|my|him|her", "shock", "shocks", "shocked .. me|my|him|her|us", "jolt", "jolts", "tingl*", "live wire|wires", "electricity & running|through|feel|felt|touch*", "arcing", "fried .. outlet|socket|circuit|fuse|phone|laptop", "all|whole .. lights|house|power .. out|off", "flash & lights|bang|smoke|power|plug|outlet|socket",
			"exposed|bare|frayed|loose .. wire|wires|wiring|cable|cord", cordEN + " & exposed|bare|frayed|melted|melting|burnt|burned|black|blackened|scorched|smoking|sparking",
			// Heat.
			"red hot", "too hot .. touch|hold|handle", "so hot", "burning|burningly|painfully|unbearably|alarmingly|worryingly|unusually|abnormally|incredibly|very|really|super|way hot", "way|much|far too hot", "extremely|dangerously|scalding|boiling|scorching|insanely|piping hot", "scalding", "boiling|scalding|hot water|steam|oil|coffee .. over|on|onto|sprayed|spilled|" + bodyEN,
			"steam .. " + bodyEN, cordEN + "|handle|casing & hot", "battery|batteries .. hot", "overheat*", "over heated|heating|heats",
			// Explosion.
			"exploded", "explode", "explodes", "exploding", "explosion", "blew|blown|blow up|apart", "loud|big|huge bang|pop|boom", "went|goes bang|pop|boom", "bang & smoke|spark*|flash|power|plug*|switch*",
			"shattered & " + bodyEN + "|while|use|using|cooking|exploded|suddenly|spontaneously|everywhere", "spontaneously shattered|broke|cracked", "shards|splinters|glass .. " + bodyEN, "flew .. " + bodyEN + "|across|off .. hit",
			// Batteries and chemicals.
			cellEN + "|pack & swollen|swelling|swelled|swells|bulg*|bloat*|puff*|expanded|expanding|ballooned|ballooning|inflated|deformed|burst|split", cellEN + " & leak*|fluid|liquid|acid|oozing|ooze|hissing|corroded",
			"acid", "corrosive", "caustic", "toxic", "poison*", "chemical smell|burn|burns|fumes|odour|odor", "smell|smells|smelled .. chemical|chemicals|toxic", "fumes", "suffocat*", "allergic reaction", "rash .. from|skin|on|after", "irritat* .. skin|eyes",
			"dizzy|sick|nauseous|headache & smell|fumes|smoke",
			// Injuries.
			"injur*", "hurt my|me|himself|herself|his|her|our|myself|themselves", "got|been|was|is hurt", "bleeding", "bled", "blood", "bloody " + bodyEN, "cut|cuts|sliced|slashed .. my|his|her|our .. " + bodyEN, "cut me|myself|himself|herself", "cut|cuts .. " + personEN, "glass .. cut", "burst", "burst into flames",
			"sharp edge|edges|corner|metal|point", "razor sharp", "stitches", "hospital", "ambulance|paramedics", "emergency room|department|services", "concussion", "broke|broken|fractured|sprained|bruised .. wrist|arm|ankle|finger|rib|ribs|toe|hip|collarbone",
			"fell|falls|falling|tipped|toppled|dropped .. on|onto|over .. " + bodyEN + "|" + personEN, "tipped|toppled|tips over & child|toddler|baby|nearly|almost|kid|son|daughter", bodyEN + " .. trapped|caught|stuck|pinched|crushed|jammed|bruised", "crushed|trapped|caught|pinched|squashed|jammed|bruised|broke|hit|gashed|grazed .. my|his|her|our .. " + bodyEN, "landed|crashed on|onto .. " + bodyEN + "|" + personEN, "hearing damage|loss", "tinnitus", "food poisoning", "gash", "bruises|bruise",
			"choke", "choked", "choking", "swallowed",
			// Collapse.
			"collapsed", "collapses", "collapsing", "gave way", "gave|broke|snapped|buckled|collapsed under|underneath|beneath", "fell apart under|while", "broke|snapped|broken while .. sitting|sat|using", "sat|sitting & snapped|broke|collapsed|gave",
			// Words for danger.
			"dangerous", "danger", "dangers", "unsafe", "not|isnt|cant|cannot .. safe", "hazard", "hazards", "hazardous", "lethal", "life threatening", "safety|product recall", "recalled", "safety issue|concern|risk", "could|could have .. killed|died",
			"nearly|almost .. killed|died|blinded", "accident .. happened|caused|with .. " + personEN,
		},
	},
	Everyday: Phrases{
		NL: []string{
			"brandt", "brand los", "vuurwerk", "vuur aan de schenen", "onder vuur", "vuur en vlam", "in vuur", "vuurtje stoken", "vuurvast*", "vuur .. sloffen", "vuurdoop", "haantje de voorste",
			"ik rook", "wij|we roken", "stoppen|gestopt met roken", "rook .. lekker|heerlijk|fris", "roken verboden|toegestaan",
			"hete lucht", "hete luchtfriteuse|friteuse|oven|kop|koffie|thee|drank|dranken|zomer|dagen|maaltijd", "vlammende", "schokkend", "schokkende", "geschokt", "schok .. prijs|rekening|factuur|bedrag", "prijs|rekening|factuur|bedrag .. schok",
			"schokbestendig|schokdemper|schokdempers", "schokvast", "als een vonk", "vonk .. overgeslagen|oversloeg|liefde", "gloeiende hekel|hekel|plaat", "gloeiend .. duur|erbij|vervelend|eens|nieuwsgierig",
			"kaas|boter|chocola|chocolade|ijs|boter .. smelt|gesmolten|smelten|smolt", "gesmolten|smelt|smelten|smolt .. kaas|boter|chocola|chocolade|ijs|tong|hart", "smaakt .. verbrand", "verbrand .. smaak", "ik|hoe|wie|wat heet", "zo heet .. mijn|het|de|hij|zij|dat|die", "heet het|de|ik|hij|zij|mijn", "verbrande .. koffie|smaak|friet|patat|toast|kroketten|bonen|broodjes|kip|korst",
			"friet|patat|toast|eten|brood|broodjes|kip|kroketten|koffie|bonen|pizza|taart|koekjes .. verbrand|verbrandt|verbranden", "rook|stoom noch|of|en", "veel stoom", "stoom .. melk|strijken",
			"bloed|bloedt onder .. nagels", "bloed zweet", "snee|sneetje brood", "explosie van kleur|smaak", "explosieve groei|stijging", "ik|we|wij ontplof|ontploffen|ontplofte", "ontplof|ontplofte .. zowat|bijna|haast", "prijs|prijzen|kosten .. ontploft|geexplodeerd|explodeert|exploderen", "ontploft|explodeert .. mailbox|inbox|telefoon|hoofd|mail", "mailbox|inbox|mail|hoofd .. ontploft|explodeert|ontplofte",
			"gevaarlijk .. rijden|rijdt|gereden|reed|hard|rijgedrag|geparkeerd|parkeren", "bezorger|chauffeur|koerier|bus|busje|postbode .. gevaar|gevaarlijk|gevaarlijke|gevallen|onveilig", "gevaar op|langs de weg",
			"gevaarlijk lekker|goed|goedkoop|leuk|laag", "gevaar .. lopen .. kwijt|laat|niet", "in gevaar .. komt|brengen", "ziekenhuis .. werk|werkt|werken|lag|ligt|lig|opname|leveren|bezorgen|afleveren|liggen|bezoek|operatie|opgenomen",
			"werk|werkt|werken|lag|ligt|lig|liggen|leveren|bezorgen|opgenomen|naar .. in|bij|aan .. ziekenhuis", "onder spanning .. wachten|afwachten", "bijtende|bijtend kou|opmerking|opmerkingen", "giftige|giftig reactie|opmerkingen|sfeer",
			"brand|brandde|branden .. kaars|kaarsen|verlichting|licht|lichtje|lampje|lamp|lampen|lampjes", "kaars|kaarsen|verlichting|licht|lichtje|lampje|lamp|lampen|lampjes|led .. brandde|branden|brandend",
			"knaller van", "met een knal .. jaar|open|begin*", "gehecht aan", "stop|stoppen met|ermee", "stik|stikken|gestikt .. in .. keuze|mails|reclame|werk", "rook|brand|vuur .. noch", "heet .. water|koffie|thee|genoeg", "brandende vraag|smaak|vragen|verlangen|kwestie", "groep .. whatsapp|app",
			"tintelend*", "tikken .. vingers|klok|bureau", "afgebrand .. in|op .. review|forum|internet", "valt|viel .. mij|me .. op|tegen|mee", "viel .. op .. me|mij .. dat", "klapte .. uit",
			"oog gevallen|valt|viel", "in .. oog .. gevallen|springt|sprong", "hoofd .. koel|omheen|omheenkrijgen", "naar mijn|je|ons hand|zin", "aan|bij de hand", "op de voet", "uit|over het hoofd", "niet veilig .. betalen|betaling|site|website|link|inlog*|wachtwoord|verbinding",
			"betalen|betaling|site|website|link|inlog*|wachtwoord|verbinding|mail .. niet veilig|onveilig|gevaarlijk", "onveilige|onveilig .. verbinding|site|website|link|wachtwoord|mail", "ongeluk .. besteld|verkeerd|twee|2|dubbel|geklikt|aangeklikt|per",
			"per ongeluk", "wond .. op", "irritatie .. bij|over|van .. klanten|service|mij", "grote|hele irritatie", "elektrisch* .. kachel|deken .. heet genoeg", "heet|hete .. genoeg", "zo heet .. als|mogelijk",
			"geen trek", "spanning op|in de|een relatie|spier|spieren", "brandweer .. werk|werkt|kazerne|korps", "kazerne", "scherpe prijs|prijzen|foto|foto*|aanbieding", "bijna brandnieuw",
			"losse kabel* .. bestellen|kopen|nodig|verkrijgbaar|te koop", "bol van", "geen probleem",
		},
		EN: []string{
			"fire sale|tv|stick|tablet|pit|place|alarm|extinguisher|station|drill|truck|away|sale", "fireplace|fireworks|firewall|firestick", "you|guys|team|youre on fire", "you guys are on fire", "team is on fire", "fire .. question|email|off|them|him|her|you|staff",
			"on fire .. great|lately|today|week|sales", "smoke detector*|alarm*|free|signal", "smoked salmon|fish|meat|cheese|paprika", "smoking deal|area|policy|room", "quit|stop|stopped|no|non smoking", "smoke grey|gray|coloured|colour",
			"burning through|question|questions|desire|calories|issue|need", "shock .. price|bill|cost|invoice|news|see|hear|absorb*|resistant", "price|bill|sticker|culture shock", "shock resistance|rating|protection", "price*|cost|costs|bills .. exploded|explode|explodes|exploding", "fire department|brigade .. would|order|like|work|works|our", "what a shock", "in|a|bit|total of shock",
			"shocked .. by|at|to|when|how|that", "in shock", "came as a shock", "spark joy|interest|conversation|plug|plugs", "spark .. of .. life|hope|reaction|interest", "sparked|sparks .. interest|joy|debate",
			"melted|melting|melt .. cheese|butter|chocolate|hearts|heart|mouth", "cheese|butter|chocolate|ice .. melts|melted|melt|melting", "inbox|mailbox|phone|head|mind|mail .. exploded|exploding|explodes|explode|explosion|blew|blown|blowing",
			"exploded|exploding|explosion|explosive of|in|with .. colour|color|flavour|flavor|emails|popularity|newsletters", "blood .. boil|pressure|sweat|donor|boiling", "blood sugar|type|orange", "acid green|reflux|house|jazz|test|taste|flavour|flavor",
			"poison ivy|dart", "driver|courier|driving|drove|parked|drives|speeding|van|delivery .. dangerous|dangerously|danger|hazard|unsafe", "dangerous|dangerously .. driving|parked|driver|good|cheap|addictive|low|close", "in danger|danger of missing|losing|being",
			"hospital .. work|works|appointment|visit|deliver|delivery|surgery|bed|job|nurse", "work|works|working|deliver|delivered|nurse|visiting|surgery|operation .. in|at|to .. hospital", "hot water|drinks|chocolate|air|sauce|deal|item|summer|weather .. for|in|is|please|function|available|dispenser",
			"get hot or", "so hot .. outside|today|here|summer|weather|right", "weather|summer|outside|temperatures .. so|extremely hot", "collapsible", "collapses|collapsed .. into|easily|flat|menu|section|storage|business|courier|company", "recalled .. password|correctly|details",
			"gave way to", "toxic positivity|workplace|culture", "non toxic", "blew|blown|blowing up|away .. phone|by|inbox|proportion", "blown away", "burnt|burned|burn .. toast|fries|chips|coffee|chicken|bread|food|calories|orange|umber|out|bridges|cookies|pizza|bacon|beans",
			"toast|fries|chips|coffee|chicken|bread|food|cookies|pizza|bacon|beans|dinner|taste|tastes .. burnt|burned|burning|burns", "burnt .. taste|tastes|flavour|flavor", "got|been|once burned before|by .. shop|store|website|scam|company|seller|shops", "hurt .. feelings|wallet|to ask|business", "wouldnt|doesnt hurt", "cut me a|some|off", "died of boredom|laughter|waiting|shame", "burst into tears|laughter", "cut .. kids|child .. hair", "cut .. my losses|cost|costs|bill|hair|nails",
			"choke point", "swallowed .. whole|charge", "face|head|back .. to face|start|work|me|you", "not safe .. pay|payment|site|website|link|email|password|browser|connection", "payment|site|website|link|email|password|browser|connection .. not safe|secure|unsafe|dangerous", "is|are it|they|this|that safe",
			"unsafe .. site|website|link|connection|browser|page", "pop up|ups", "big pop", "loose .. cable .. buy|order|separately", "jolt of caffeine|energy", "by accident", "accident .. ordered|clicked|twice|bought|placed|order", "hot enough", "very|really|super hot water|coffee|tea|day|deal|item|topic|weather|in here|drinks|demand", "caught .. my|his|her eye|attention", "hit .. my .. head around", "caught .. back", "all lights", "on the other hand", "out of hand", "first|second hand", "back on|to my|your account|card",
			"back of", "head office", "heads up", "cell phone", "lead time", "power supply .. order|buy|spare", "cut .. my .. hair|nails",
		},
	},
}

var gasLeak = Danger{
	Topics: []string{"gas", "koolmonoxide", "carbon"},
	Signs: Phrases{
		NL: []string{
			"gaslucht*", "gasgeur*", "gaslek*", "ruik|ruiken|ruikt|geur|lucht|stank|rook .. gas", "gas .. ruiken|ruik|lekt|lekken|ontsnapt", "gasleiding .. lek|lekt|geraakt|kapot",
			"koolmonoxide*", "co melder .. af|piept|alarm", "comelder|comelders",
		},
		EN: []string{
			"gas leak*", "smell|smells|smelling|smelled .. gas", "gas smell", "leaking gas", "carbon monoxide", "co alarm|detector",
		},
	},
	Everyday: Phrases{
		NL: []string{"gas .. erop|terug", "koolmonoxidemelder .. kopen|bestellen"},
		EN: []string{"gas bill|meter|price"},
	},
}
