package lexicon

// A Concept is a group of words and phrases that customers use for one thing. A phrase
// of a taxonomy with one of them also matches the others.
type Concept struct {
	Name string
	// State reports whether a negation removes the meaning: "niet kapot". A
	// negation before an action, "ik kan niet opzeggen", does not.
	State bool
	// NL and EN are words and phrases, separated by commas. Words are written in
	// one of their regular forms. Those with ~ count only beside other words of a
	// phrase: "stoppen" in "abonnement stoppen", but not alone. A word of several concepts belongs to the first
	// in a phrase of a taxonomy, and to all in a text.
	NL, EN string
}

// Concepts are the concepts of customer service in any organisation: those of every one,
// then those of trades.
var Concepts = append(everyday, trades...)

// everyday are concepts that every organisation hears of.
var everyday = []Concept{
	// ---- States: broken, late, wrong
	{"broken", true,
		"kapot, stuk, defect, kaduuk, kapotgegaan, gesneuveld, doet het niet, doet .. het niet, doen het niet, doen .. het niet, het niet doet, het niet doen, " +
			"het niet meer doet, deed het niet, werkt niet, werkt .. niet, werken niet, werken .. niet, niet werkt, niet werken, niet meer werkt, werkte niet, " +
			"werkend krijgen, niet goed werkt, functioneert niet, functioneert .. niet, doet niks|niets, doet .. niks|niets, doen niks|niets, " +
			"niks|niets meer doet, werkt niks, begeven, begaf, gaf|geeft de geest, laat het afweten, ermee opgehouden|gestopt, er mee opgehouden|gestopt, " +
			"stopt|stopte ermee, houdt ermee op, weigert dienst, mankement, +storing, hapert, gaat niet aan, gaat .. niet aan, niet meer aan, start niet, " +
			"start .. niet op, niet meer opstarten, brandt niet, branden niet, brandt .. niet, ~ligt eruit, ~is eruit, ~valt uit, ~valt .. uit, ~uitgevallen, " +
			"~niet in orde, niet meer opladen, niet meer werkend",
		"broken, broke, defective, defect, faulty, dead, bust, busted, kaput, doesnt work, does not work, dont work, do not work, not working, isnt working, " +
			"arent working, stopped working, ~stops working, wont work, didnt work, out of order, broke down, malfunctioning, malfunction, malfunctions, " +
			"no longer works|working, quit working, not functioning, wont turn|switch|start|power on, wont start, doesnt turn|switch on, ~is down, has died, " +
			"~gave up, ~gone wrong, not lit, ~is out, ~are out, stopped functioning, no longer functioning"},
	{"outage", true,
		"storing, stroomstoring, internetstoring, uitval, uitgevallen, ~valt uit, ~valt .. uit, ~viel uit, ~valt weg, ~valt .. weg, ~weggevallen, ligt eruit, " +
			"~ligt .. uit, ligt plat, ~plat, ~eruit, ~onbereikbaar, ~niet bereikbaar, ~niet te bereiken, platgelegd, ~down, offline, uit de lucht",
		"outage, power cut, blackout, ~down, ~goes down, ~went down, ~went out, ~gone out, ~is out, ~cut out, ~cuts out, ~drops, ~dropping, +dropped, " +
			"~keeps dropping, offline, ~interruption, ~disruption, ~unavailable, ~unreachable"},
	{"not-received", true,
		"~niet ontvangen, ~niet .. ontvangen, ~nooit ontvangen, ~niet gekregen, ~niet .. gekregen, ~nooit gekregen, ~niet gehad, ~nooit gehad, " +
			"~nog niet binnen, ~niet binnen, niet binnengekomen, ~niet aangekomen, nooit aangekomen, niet gearriveerd, niks|niets ontvangen, " +
			"niks|niets .. ontvangen, niks|niets gekregen, niks|niets .. gekregen, niks|niets gehad, niks|niets binnen, ~geen .. ontvangen, ~geen .. gekregen, " +
			"~geen .. gehad, ~geen .. binnen, ~waar blijft, ~waar blijven, ~wacht .. op, ~wachten .. op, ~wachtend op, ~zit te wachten, ~nog steeds geen, " +
			"~nog altijd geen, ~nog geen, ~krijg maar geen, ~mis nog, ~uitgebleven, ~blijft uit, ~nog niet ontvang, niet geleverd, niet bezorgd, ~niet .. bezorgd, " +
			"~niet .. geleverd",
		"~not received, ~havent received, ~have not received, ~didnt receive, ~did not receive, ~never received, ~never got, ~didnt get, ~havent got, " +
			"~havent had, ~not got, not arrived, hasnt arrived, has not arrived, never arrived, never came, hasnt come, ~still waiting, ~waiting for, ~waiting on, " +
			"~been waiting, ~where is, ~where are, ~wheres, ~still no, ~no sign of, ~yet to receive, ~not here yet, not been delivered, not delivered, " +
			"nothing received"},
	{"late", true,
		"te laat, vertraagd, vertraging, verlaat, ~later dan, achter op schema, niet op tijd, oponthoud, ~uitgesteld, ~liep uit, ~uitgelopen, ~duurt .. lang, " +
			"~duurt lang, duurt te lang",
		"late, delayed, delay, delays, overdue, behind schedule, not on time, running late, ~held up, ~postponed, taking too long, takes too long, " +
			"taking so long, ~takes forever"},
	{"damaged", true,
		"beschadigd, beschadiging, gedeukt, ingedeukt, deuk, deuken, gescheurd, ~scheur, ~gebroken, barst, barsten, gebarsten, kras, krassen, bekrast, " +
			"gebutst, aan diggelen, in stukken, verbogen, geplet, ~afgebroken, beschadigd geraakt",
		"damaged, +damage, dented, dent, dents, ~torn, cracked, crack, scratched, scratch, smashed, shattered, in pieces, ~bent, crushed, chipped, ripped"},
	{"wrong", true,
		"fout, fouten, fouts, foutje, verkeerd, onjuist, incorrect, klopt niet, klopt .. niet, kloppen niet, niet kloppen, klopt niks|niets, klopte niet, " +
			"klopt er niets, klopt er niks, niet juist, niet correct, ~niet goed, niet .. kloppen, foutief, vergissing, ~afwijkend, ~wijkt af, +niet eens",
		"wrong, incorrect, mistake, mistakes, +error, +errors, not right, isnt right, not correct, isnt correct, doesnt add up, does not add up, doesnt match, " +
			"does not match, inaccurate, ~false, cant be right, in error, +disagree with, +dispute"},
	{"too-high", true,
		"te hoog, ~te veel, ~teveel, te duur, te hoge, veel te hoog, zo hoog, ~hoger, hoger dan, verhoogd, ~verhoging, gestegen, ~stijging, ~duurder, " +
			"+onterecht, omhoog gegaan, ~is omhoog, ~opgelopen, torenhoog, belachelijk hoog, absurd hoog, exorbitant",
		"too high, ~too much, so high, ~higher, higher than, increased, ~increase, went up, gone up, risen, ~raised, ~rose, ~expensive, more expensive, " +
			"overcharged, ridiculously high, sky high, too expensive"},
	{"unjust", true,
		"onterecht, niet terecht, ten onrechte, oneerlijk, onrechtmatig, nergens op, niet eens, oneens, onredelijk",
		"unfair, unfairly, unjust, unjustified, not justified, undeserved, wrongful, not fair, unreasonable"},
	{"slow", true,
		"traag, langzaam, sloom, trager, langzamer, slome, ~niet vooruit, tergend, traagheid, duurt eeuwen, duurt .. eeuwen, laadt lang, slakkengang",
		"slow, slower, slowly, sluggish, laggy, lagging, ~lag, lags, crawling, takes ages, takes forever, snail"},
	{"low", true, "~laag, ~lage, ~te laag, ~lager, +slecht, ~matig, ~zwak, +minder", "~low, +slow, ~poor, +weak, +bad, ~too low"},
	{"dirty", true,
		"vies, smerig, ~vuil, goor, ranzig, onhygienisch, ~stinkt, ~stinken, vervuild, plakkerig, ~bende, smeerboel, zwijnenstal, niet schoon, onfris",
		"dirty, filthy, gross, disgusting, smelly, ~stinks, unclean, not clean, ~messy, unhygienic, sticky, grubby"},
	{"blocked", true,
		"geblokkeerd, blokkeert, geblokt, vergrendeld, op slot, ~afgesloten, gedeblokkeerd, buitengesloten, dichtgezet, ~opgeschort",
		"blocked, locked, suspended, ~disabled, ~frozen, barred, deactivated, locked out"},
	{"lost", true,
		"kwijt, kwijtgeraakt, verloren, verloor, vermist, ~zoek, zoekgeraakt, ~verdwenen, ~weg, niet meer vinden, nergens vinden, ~niet vinden, raakte kwijt, " +
			"~verlies, ~laten liggen, ~laten staan",
		"lost, +missing, misplaced, disappeared, ~gone, cant find, cannot find, vanished, ~lose, nowhere to be found"},
	{"stolen", true, "gestolen, diefstal, gejat, gepikt, beroofd, ontvreemd, geroofd, ingebroken, zakkenroller", "stolen, theft, robbed, nicked, burgled, pickpocketed, stole, thief"},
	{"forgotten", false, "vergeten, vergat, ontschoten, weet .. niet meer, niet meer weten, herinner .. niet, verkeerd onthouden, niet aan gedacht", "forgot, forgotten, forget, dont remember, cant remember, cannot remember, dont know .. anymore, do not remember, didnt remember, slipped my mind"},
	{"left-behind", false,
		"~laten liggen, ~laten staan, ~liet .. liggen, +vergeten, ~achtergelaten, +verloren, +kwijt, +kwijtgeraakt, ~laten hangen, ~blijven liggen, +verloor, " +
			"~liggen gebleven",
		"~left, ~left behind, +lost, +forgot, +forgotten, +misplaced, +dropped"},
	{"incomplete", true,
		"ontbreekt, ontbreken, ontbrak, ontbrekende, ~mist, ~missen, ~mis, incompleet, onvolledig, niet compleet, niet volledig, zat er niet bij, " +
			"zit er niet bij, ~zat niet, ~zaten niet, ~zat .. niet, ~zaten .. niet, niet bijgeleverd, niet meegeleverd, ~niet alles, ~te weinig, tekort",
		"missing, misses, incomplete, not complete, not included, wasnt included, werent included, left out, ~absent, lacks, lacking, ~without, " +
			"not in the box, too few"},
	{"unclear", true,
		"onduidelijk, snap .. niet, snap niet, begrijp .. niet, begrijp niet, snap er niks|niets, snap .. niks|niets, begrijp .. niks|niets, begrijp er niks|niets, onbegrijpelijk, verwarrend, ingewikkeld, geen touw, niet duidelijk, niet .. duidelijk, niet wijs, " +
			"kom er niet uit, kom .. niet uit, niet wijzer, wat betekent, wat betekenen, onleesbaar, geen idee wat, vaag, cryptisch, warrig, volg .. niet, niet te volgen, niet snap, niet begrijp, niks van snap",
		"unclear, confusing, confused, confuses, dont understand, do not understand, cant understand, cannot understand, makes no sense, make no sense, doesnt make sense, not clear, isnt clear, incomprehensible, complicated, cryptic, vague, no idea what, " +
			"what does .. mean, hard to follow|understand|read, dont get, puzzling, baffling, no clue"},
	{"refused", true,
		"geweigerd, weigert, weigeren, weigerde, afgewezen, afgekeurd, niet geaccepteerd, niet goedgekeurd, niet toegekend, afwijzing, afgeslagen, " +
			"niet aangenomen, ~niet herkend, ~wordt niet gelezen, ~niet gelezen, accepteert .. niet, pakt .. niet",
		"refused, refuses, rejected, rejects, rejection, declined, declines, denied, not accepted, not approved, isnt accepted, turned down, " +
			"not recognised|recognized, wont accept, doesnt accept, wont take, ~not read"},
	{"failed", true,
		"mislukt, mislukte, lukt niet, lukt .. niet, lukte niet, lukte .. niet, niet gelukt, niet .. gelukt, niet lukt, ging mis, gaat mis, gaat fout, " +
			"ging fout, ~loopt vast, ~loopt .. vast, ~vastgelopen, faalt, +foutmelding, +error, ~blijft hangen, geen succes, ~komt niet door, niet verwerkt, " +
			"+werkt niet, +werkt .. niet, +doet het niet, +doet .. niets|niks, +niet werkt, +fout, +fouten",
		"failed, fails, failing, failure, didnt go through, doesnt go through, not go through, wont go through, went wrong, goes wrong, +error, ~stuck, " +
			"unsuccessful, didnt succeed, keeps failing, not processed, +doesnt work, +does not work, +not working, +wont work, +doesnt .. work, +errors"},
	{"cannot", false,
		"kan niet, kan .. niet, kunnen niet, kunnen .. niet, lukt niet, lukt .. niet, lukte niet, niet gelukt, krijg .. niet, onmogelijk, niet mogelijk, " +
			"kom niet, kom .. niet, niet kan, niet kunnen, niet meer kan, wil niet, wil .. niet, kan nergens, mislukt, kan niemand, geen mogelijkheid, kan geen, " +
			"kan .. niemand, kan .. geen, kunnen .. geen, +werkt niet, +werkt .. niet, +doet het niet",
		"cannot, cant, can not, unable to, not able, impossible, wont let, doesnt let, not possible, could not, couldnt, failed to, fails to, trouble, " +
			"struggling, isnt possible, +doesnt work, +does not work, +not working"},
	{"expired", true, "verlopen, verliep, vervallen, ongeldig, niet meer geldig, niet geldig, verstreken, afgelopen", "expired, expires, invalid, not valid, no longer valid, out of date, lapsed, ran out"},
	{"leaking", true, "lekt, lekkage, lek, lekken, druppelt, lekte, +waterschade, ~nat geworden", "leak, leaks, leaking, leaked, drips, dripping, leakage"},
	{"crashing", true,
		"crasht, crash, crashen, gecrasht, ~loopt vast, ~loopt .. vast, ~vastgelopen, ~vastloopt, ~sluit .. af, ~sluit af, bevriest, bevroren, klapt eruit, " +
			"~hangt, ~blijft hangen, ~valt uit, ~valt .. uit, sluit zichzelf",
		"crash, crashes, crashing, crashed, freezes, freeze, frozen, ~freezing, ~hangs, closes itself, keeps closing, ~shuts down, ~quits"},
	{"rude", true, "onbeleefd, onbeschoft, brutaal, onvriendelijk, lomp, grof, bot, asociaal, respectloos, agressief, snauwde, onheus", "rude, rudely, unfriendly, impolite, disrespectful, aggressive, abusive, arrogant, offensive"},
	{"unhappy", true,
		"klacht, klachten, ~klagen, ~ontevreden, ~teleurgesteld, teleurstelling, ~boos, ~schandalig, ~belachelijk, ~waardeloos, beneden peil, ~ongehoord, " +
			"~schande",
		"complaint, complain, complaints, dissatisfied, ~disappointed, ~unhappy, ~angry, ~disgraceful, ~appalling, ~unacceptable, ~upset, ~ridiculous"},
	{"noise", true,
		"lawaai, herrie, geluidsoverlast, kabaal, rumoer, geschreeuw, harde muziek, ~muziek, burengerucht, ~feestje, ~bonkt, gebonk, getimmer, blaft, geblaf",
		"noise, noisy, ~loud, loud music, shouting, racket, barking, ~party, ~parties"},
	{"nuisance", true, "overlast, ~last, ~hinder, hinderlijk, geluidsoverlast, stankoverlast, lawaai, herrie", "nuisance, disturbance, ~bother, noise, noisy, annoyance"},
	{"cold", true,
		"~koud, ~kou, ~koude, niet warm, wordt niet warm, geen warm water, geen warmte, verwarmt niet",
		"~cold, +freezing, not warm, no heating, no hot water, not heating, doesnt heat"},
	{"full", true, "~vol, ~overvol, ~bomvol, ~propvol, ~uitpuilt, ~puilt uit", "~full, ~overflowing, ~overfull, ~packed, ~crowded"},
	{"closed", true, "~dicht, ~gesloten, ~sluit, ~afgesloten, ~gaat niet open", "~closed, ~shut, ~not open, ~wont open"},
	{"unsafe-link", true, "phishing, nep, nepmail, oplichting, oplichters, vals, verdacht, fraude, scam, spoofing", "phishing, fake, scam, scammer, fraud, fraudulent, suspicious, bogus, spoof"},
	{"hacked", true,
		"gehackt, hack, hacker, +ingebroken, misbruik, misbruikt, overgenomen, vreemde inlog, andere ingelogd",
		"hacked, hack, hacker, compromised, breached, taken over, misused, unauthorised, unauthorized"},
	{"no-answer", true,
		"geen antwoord, geen reactie, geen gehoor, niks|niets gehoord, nooit antwoord, nooit reactie, reageert niemand, niemand reageert, hoor niks|niets, " +
			"niet teruggebeld, neemt niet op, niemand neemt op, geen contact, krijg niemand, krijg .. niet te pakken, niet te pakken, te pakken krijgen, " +
			"telefonisch niet bereikbaar, telefonisch onbereikbaar, niet telefonisch bereikbaar, niet doorkomen, kom er niet doorheen",
		"no answer, no reply, no response, never replied, never answered, not answered, nobody answers, no one answers, nobody replies, no one replies, " +
			"never heard back, havent heard back, not heard back, ignored, ignoring, unanswered, cant reach, cannot reach, nobody answers the phone, " +
			"no one picks up, nobody picks up, cant get through, cannot get through, cannot reach you, cant reach you"},
	{"double", false,
		"dubbel, dubbele, tweemaal, twee keer, 2 keer, 2x, twee maal, ~nogmaals, ~opnieuw, ~nog een keer, zelfde bedrag",
		"twice, double, two times, 2 times, duplicate, duplicated, second time, same amount"},
	{"not-processed", true, "niet verwerkt, niet .. verwerkt, nog niet verwerkt, niet doorgevoerd, niet aangepast, niet bijgeschreven, niet verrekend, niet geboekt, niet zichtbaar", "not processed, hasnt been processed, not applied, not credited, not booked, not visible, not showing, not updated"},
	{"not-collected", true,
		"niet opgehaald, niet .. opgehaald, nooit opgehaald, niet geleegd, niet .. geleegd, niet leeggemaakt, niet meegenomen, niet .. meegenomen, " +
			"~overgeslagen, ~staat er nog, ~staat .. nog, ~blijft staan, ~bleef staan, ~blijft liggen, ~ligt er nog, vergeten mee te nemen, niet langs geweest, " +
			"niet langsgeweest, niet langsgekomen, niet geledigd",
		"not collected, wasnt collected, hasnt been collected, not been collected, not picked up, not been picked up, wasnt picked up, hasnt been picked up, " +
			"not emptied, not been emptied, wasnt emptied, hasnt been emptied, missed collection, ~still here, ~still standing, ~skipped, ~left behind, ~not taken"},
	{"no-show", true,
		"niet gekomen, niet .. gekomen, nooit gekomen, kwam niet, kwam .. niet, kwamen niet, niet verschenen, niet geweest, niet langsgekomen, niet komen opdagen, niet op komen dagen, niet opgedaagd, kwam niemand, niemand gekomen, niemand geweest, niemand verschenen, niemand langs, kwam geen, kwam er geen, kwam nooit, niet komt, niet nagekomen, niet op de afspraak, niemand gezien, op niks gewacht, voor niks gewacht, voor niets gewacht",
		"did not come, didnt come, never came, did not show, didnt show, never showed, no show, did not turn, didnt turn up, never turned up, failed to show, failed to turn, hasnt come, nobody came, no one came, nobody showed, no one showed, nobody turned up, didnt arrive, never arrived, missed appointment, missed .. appointment, not kept, stood me up"},

	// ---- Actions
	{"unsubscribe", false,
		"afmelden, uitschrijven, uitschrijving, afmelding, geen .. mails meer, geen mail meer, ~geen reclame, stop .. mails, geen post meer",
		"unsubscribe, unsubscribing, opt out, mailing list, stop sending, stop emailing, no more emails"},
	{"cancel", false,
		"opzeggen, opgezegd, opzegging, stopzetten, stopgezet, beeindigen, beeindigd, beeindiging, annuleren, geannuleerd, annulering, ~stoppen, +stop, " +
			"~gestopt, afzeggen, ontbinden, intrekken, cancelen, gecanceld, ~van af, ~af van, ~eraf, +afmelden, royeren, ~opdoeken, sluiten",
		"cancel, cancelled, canceled, cancellation, terminate, termination, +end, +stop, ~discontinue, get rid of, call off, ~withdraw, +unsubscribe, +leave, " +
			"~opt out, ~close"},
	{"change", false,
		"wijzigen, wijziging, gewijzigd, veranderen, verandering, veranderd, aanpassen, aangepast, aanpassing, omzetten, bijwerken, bijgewerkt, corrigeren, " +
			"~updaten, muteren, ~doorvoeren, +nieuw, +nieuwe, +ander, +andere, bewerken, omboeken",
		"change, changed, changing, ~update, ~updated, modify, amend, edit, alter, adjust, ~correct, +new, +different, +switch, +replace"},
	{"submit", false,
		"~doorgeven, ~doorgegeven, ~opgeven, ~opgegeven, ~invullen, ~ingevuld, ~insturen, ~melden, ~gemeld, +melding, ~aangeven, ~registreren, ~indienen, " +
			"~dien .. in, ~ingediend, ~invoeren, ~ingevoerd, ~aanleveren, ~geef .. door, ~geef .. op, ~inleveren, ~declareren",
		"~submit, ~submitted, ~report, ~give, ~provide, ~register, ~enter, ~file, ~send in, ~pass on, ~fill in, ~notify, ~declare, ~hand in, ~input"},
	{"report", false,
		"~melden, ~gemeld, +melding, ~doorgeven, ~aangeven, ~opgeven, ~indienen, ~dien .. in, ~ingediend, ~aangifte, ~rapporteren, ~claimen",
		"~report, ~reported, ~reporting, ~file, ~filing, ~submit, ~notify, ~declare, ~make"},
	{"request", false,
		"aanvragen, aangevraagd, aanvraag, vraag .. aan, aan te vragen, verzoek, verzoeken, +nodig, +aanmelden, kom ik aan, ~krijg ik een, +regelen, " +
			"+bestellen, +vernieuwen, +verlengen, ~wil graag een, ~wil een, +toesturen, +sturen, +afspraak .. voor, +kan ik .. krijgen, +herhalen, " +
			"+hoe kom ik .. aan, +zoek een, +zou graag",
		"apply, applying, +application, request, requesting, +need, +renew, ~get a, +order, ~obtain, would like a, ~send me, +can i get, +would like to get, " +
			"+looking for a"},
	{"need", false,
		"~nodig, ~heb .. nodig, ~benodigd, ~vereist, ~vraagt om",
		"~need, ~needs, ~needed, ~require, ~requires, ~required, ~asks for, ~asking for"},
	{"extend", false, "verlengen, verlenging, verlengd, +langer, uitstel, ~uitstellen", "extend, extension, renew, renewal, prolong, +longer, ~postpone"},
	{"move-house", false,
		"verhuizen, verhuizing, verhuisd, verhuis, verhuisbericht, +nieuw adres, +nieuwe adres, +ander adres, ~nieuwe woning, ~nieuw huis, ~andere woning, " +
			"~ander huis, ~nieuw appartement, ~wonen straks, ~wonen op|in een nieuw, +sleutel van ons nieuwe, overhuizen",
		"moving house, moved house, move house, moving home, moving out, ~moving in, move out, moving flat, ~moving to, move to, am moving, are moving, " +
			"i moved, we moved, have moved, just moved, relocating, relocate, +new address, ~new house, ~new home, ~new flat, +change of address, ~another house"},
	{"return-goods", false,
		"retour, retourneren, geretourneerd, retourzending, terugsturen, teruggestuurd, terugzenden, terugbrengen, stuur .. terug, stuur ik .. terug, " +
			"terug sturen, terug brengen, ~inleveren",
		"return, returning, returned, send back, send it back, send this back, sending back, bring back, give back, take back"},
	{"exchange", false,
		"ruilen, omruilen, geruild, omwisselen, inruilen, ~wisselen, omgeruild, verruilen",
		"exchange, exchanging, ~swap, ~swapping, ~switch, ~replace, ~trade"},
	{"money-back", false,
		"geld terug, terugbetaling, terugbetaald, terugbetalen, terugstorten, teruggestort, restitutie, teruggave, refund, ~geld .. terug, terugkrijgen, " +
			"terugboeken, teruggeboekt, terug op mijn rekening, +vergoeding, crediteren, gecrediteerd, betaald terug, bedrag terug",
		"refund, refunded, money back, get my money, reimburse, reimbursed, reimbursement, repay, repaid, credited back, paid back, give back .. money, " +
			"+compensation"},
	{"compensation", false,
		"vergoeding, vergoeden, vergoed, compensatie, schadevergoeding, +tegemoetkoming, compenseren, ~geld terug, schadeloosstelling, schadeclaim, coulance",
		"compensation, compensate, compensated, ~refund, reimbursement, ~money back, goodwill"},
	{"payout", false,
		"uitkering, uitbetaling, uitbetaald, uitbetalen, uitkeren, uitgekeerd, +geld, +betaling",
		"payout, pay out, paid out, +payment, +settlement, +money"},
	{"call-back", false,
		"terugbellen, teruggebeld, bel .. terug, belt .. terug, terugbelverzoek, bel mij, bel me, bellen jullie, mij bellen, me bellen, opbellen, " +
			"telefonisch contact, ~gebeld worden",
		"call me, call back, callback, phone me, ring me, give me a call, give me a ring, phone back, called back"},
	{"talk-to-person", false, "iemand spreken, medewerker spreken, mens spreken, echt mens, echte persoon, iemand aan de lijn|telefoon, contact met .. medewerker, persoonlijk spreken", "speak to someone, talk to someone, speak to a human, talk to a human, real person, speak to a person, talk to a person, speak to an agent, talk to an agent, speak with someone"},
	{"log-in", false,
		"inloggen, ingelogd, inlog, log .. in, in te loggen, +aanmelden, in mijn account, +toegang tot, mijn account in, ~binnenkomen, inlogproblemen, " +
			"inlogpoging",
		"log in, logging in, login, log on, sign in, signing in, sign on, access my account, get into my account, into my account, access to my account"},
	{"reset", false,
		"resetten, reset, herstellen, opnieuw instellen, hersteld, nieuw instellen, terugzetten, +wijzigen",
		"reset, resetting, restore, recover, set a new, +change"},
	{"pay", false,
		"~betalen, ~betaald, ~betaling, ~betaal, ~afrekenen, ~afgerekend, ~voldoen, ~overmaken, ~overgemaakt, ~ideal, ~pinnen, ~overboeken",
		"~pay, ~paying, ~paid, ~payment, ~checkout, ~check out, ~settle, ~transfer"},
	{"charge", false,
		"~afgeschreven, ~afschrijving, ~afschrijven, ~geincasseerd, ~incasso, ~in rekening gebracht, ~in rekening, ~afgeboekt, ~gerekend, ~berekend, " +
			"+afgehaald, +geboekt, ~doorberekend, +gefactureerd",
		"~charged, ~charge, ~charges, +billed, ~debited, ~debit, ~taken, ~withdrawn, ~deducted, +invoiced"},
	{"receive", false, "~ontvangen, ~ontving, ~ontvangst, ~gekregen, ~kreeg, ~krijgen, ~gehad, ~binnengekregen", "~receive, ~received, ~get, ~got, ~gotten"},
	{"send", false,
		"~sturen, ~gestuurd, ~stuur, ~opsturen, ~toesturen, ~toegestuurd, ~toezenden, ~mailen, ~gemaild, ~stuurt, ~doorsturen, ~aanleveren",
		"~send, ~sending, ~mail, ~email, ~forward, ~post, ~transmit, ~transmits"},
	{"ship", false, "~verzenden, ~verzonden, ~versturen, ~verstuurd, ~verzending, ~onderweg", "~ship, ~shipped, ~shipping, ~dispatch, ~dispatched, ~sent out"},
	{"deliver", false,
		"~bezorgen, ~bezorgd, ~bezorging, ~leveren, ~geleverd, ~levering, ~afleveren, ~afgeleverd, ~aflevering, ~thuisbezorgd, ~brengen, ~gebracht",
		"~deliver, ~delivered, ~delivery, ~deliveries, ~delivering, ~drop off, ~dropped off, ~bring, ~brought"},
	{"order-goods", false,
		"~bestellen, ~besteld, ~bestelling, ~kopen, ~gekocht, ~koop, ~aanschaffen, ~aangeschaft",
		"~order, ~ordered, ~ordering, ~buy, ~buying, ~bought, ~purchase, ~purchased"},
	{"collect", false,
		"~ophalen, ~opgehaald, ~afhalen, ~afgehaald, +meenemen, +meegenomen, ~inzamelen, ~legen, ~geleegd, ~haal .. op, ~leeghalen, ~leegmaken",
		"~collect, ~collected, ~collection, ~pick up, ~picked up, ~pickup, ~empty, ~emptied, ~take away"},
	{"keep", false,
		"~behouden, ~behoud, ~houden, +meenemen, +meegenomen, ~bewaren, ~overzetten, ~aanhouden, ~mee over|nemen",
		"~keep, ~keeping, ~retain, ~port, ~porting, ~take with, ~transfer, ~bring along"},
	{"transfer", false,
		"overstappen, overstap, overzetten, overdragen, overdracht, overschrijven, overgezet, +op naam, +andere naam, tenaamstelling",
		"switch, switching, transfer, transferring, hand over, change of name, migrate, move over"},
	{"check-out", false, "uitchecken, uitgecheckt, uit te checken, check .. uit, checkte .. uit, uitcheck, check out vergeten, uitloggen", "check out, checked out, checking out, checkout, tap out, tapped out, touch out, tag off"},
	{"check-in", false, "inchecken, ingecheckt, in te checken, check .. in", "check in, checked in, checking in, checkin, tap in, tapped in, touch in"},
	{"object", false,
		"bezwaar, bezwaarschrift, ~beroep, ~niet eens, ~oneens, betwisten, betwist, aanvechten, ~protest, +klacht, verweer, bezwaren, bezwaar maken, " +
			"maak .. bezwaar, bezwaar indienen, bezwaar aantekenen",
		"object, objection, appeal, appealing, dispute, disputing, disagree, contest, ~challenge, +complaint, lodge an objection, file an objection"},
	{"repair", false,
		"repareren, reparatie, gerepareerd, +maken, +gemaakt, herstellen, herstel, ~gemaakt worden, +opgelost",
		"repair, repaired, repairs, +fix, +fixed, mend"},
	{"replace", false, "vervangen, vervanging, vervangend, +nieuwe, omruilen", "replace, replacement, replaced, +new one, swap"},
	{"install", false,
		"~installeren, ~geinstalleerd, ~installatie, +plaatsen, +geplaatst, ~aansluiten, ~aansluiting, ~aangesloten, ~monteren, ~instellen, ~ingesteld",
		"~install, ~installing, ~installed, ~installation, ~set up, ~setup, ~connect, ~fit, ~mount, ~configure"},
	{"activate", false,
		"activeren, geactiveerd, activatie, ~aanzetten, inschakelen, ingebruikname, vrijgeven, deblokkeren",
		"activate, activating, activated, activation, enable, ~turn on, ~switch on, unblock, unlock"},
	{"pair", false,
		"koppelen, gekoppeld, koppeling, ~verbinden, ~verbonden, koppelt, pairen, synchroniseren, verbindt, ~linken",
		"pair, pairing, paired, connect, connecting, ~connected, ~link, ~linking, sync, syncing"},
	{"download", false, "downloaden, gedownload, download, binnenhalen", "download, downloading, downloaded"},
	{"print", false, "~printen, ~uitprinten, ~geprint, ~afdrukken, ~afgedrukt, ~printer", "~print, ~printing, ~printed, ~printer, ~print out"},
	{"assemble", false,
		"in elkaar, monteren, montage, ~opbouwen, ~opzetten, in elkaar zetten, ~bouwen",
		"assemble, assembly, put together, put it together, ~building it, ~build, ~mount"},
	{"book", false, "afspraak maken, reserveren, gereserveerd, boeken, geboekt, inplannen, plannen, afspraak .. maken, vastleggen", "book, booking, booked, make an appointment, schedule, reserve, reserved, arrange"},
	{"reschedule", false, "verzetten, verzet, verplaatsen, verplaatst, andere dag, ander tijdstip, andere tijd, omboeken, uitstellen, verschuiven", "reschedule, rescheduling, move my, change the date, another day, another time, different time, postpone, rebook"},
	{"delete", false,
		"verwijderen, verwijderd, verwijder, wissen, gewist, wis, opheffen, opgeheven, vernietigen, ~weggooien, ~weghalen, ~sluiten",
		"delete, deleted, deletion, erase, erased, ~remove, ~removed, wipe, ~close, destroy"},
	{"inspect-data", false,
		"~inzien, ~inzage, ~opvragen, ~opgevraagd, ~overzicht, ~kopie, welke gegevens, over mij opgeslagen|bewaart|bewaren",
		"+access, ~see what, ~copy, ~overview, what data, what information, which data, stored about me, hold on me"},
	{"save", false, "~opslaan, ~opgeslagen, ~bewaren, ~bewaard", "~save, ~saving, ~saved, +store, +stored"},
	{"upload", false, "uploaden, geupload, upload, toevoegen, importeren, import, bestand toevoegen", "upload, uploading, uploaded, import, importing, attach, add"},
	{"export", false, "exporteren, export, geexporteerd, uitvoer, downloaden als", "export, exporting, exported, extract, download as"},
	{"invite", false, "uitnodigen, uitgenodigd, uitnodiging, toevoegen", "invite, inviting, invited, invitation, add"},
	{"upgrade", false, "upgraden, upgrade, uitbreiden, hoger abonnement, overstappen", "upgrade, upgrading, higher plan, expand"},
	{"downgrade", false, "downgraden, downgrade, goedkoper abonnement, lager abonnement, omlaag", "downgrade, downgrading, cheaper plan, lower plan"},
	{"lower", false,
		"~verlagen, ~verlaging, ~verlaagd, ~omlaag, ~naar beneden, ~lager, ~verminderen, ~minder, ~minderen, ~goedkoper, ~zakken, ~laten zakken",
		"~lower, ~lowered, ~lowering, ~reduce, ~reduced, ~reduction, ~decrease, ~bring down, ~less, ~cut, ~cheaper"},
	{"enrol", false,
		"inschrijven, inschrijving, ingeschreven, aanmelden, aanmelding, registreren, klant worden, lid worden, schrijf .. in",
		"enrol, enroll, enrolment, register, registration, sign up, join, become a customer|member"},
	{"arrive", false,
		"~aankomen, ~aangekomen, ~aankomst, ~komt .. aan, ~arriveren, ~gearriveerd, ~komen, ~komt",
		"~arrive, ~arrived, ~arrives, ~arriving, ~arrival, ~come, ~coming, ~get here"},
	{"travel", false, "~reizen, ~reis, ~gereisd, ~rit, ~ritje, ~vervoer, ~reiziger", "~travel, ~travelling, ~traveling, ~trip, ~journey, ~ride"},
	{"wait", false,
		"~wachten, ~wacht, ~gewacht, wachttijd, wachtrij, in de wacht, wachtlijst, lang in de wacht",
		"~wait, ~waiting, ~waited, waiting time, queue, on hold, waiting list, long on hold"},
	{"status", false,
		"status, hoe staat het met, hoever, hoe ver, stand van zaken, voortgang, ~al bekend, al iets bekend, ~hoe lang duurt, ~hoelang duurt, hoe zit het met, " +
			"~wat is de stand, ~nog iets gehoord, ~behandeling, ~afgehandeld",
		"status, ~progress, how far, any news, any update, update on, whats happening, what is happening, ~how long, how is .. going, ~state of, ~handled"},
	{"find", false, "~vinden, ~vind, ~terugvinden, ~staat waar, ~zoeken, ~opzoeken", "~find, ~finding, ~locate, ~look up"},
	{"renew", false, "verlengen, vernieuwen, vernieuwing, nieuwe aanvragen, +verlopen", "renew, renewal, renewing, +new, +expired"},
	{"record", false, "~inboeken, ~opnemen, ~bijhouden, ~noteren", "~record, ~note, ~log"},

	// ---- Money
	{"invoice", false,
		"~factuur, ~facturen, ~faktuur, ~rekening, ~nota, ~afrekening, ~factuurbedrag, ~factuurtje, ~maandnota, ~maandfactuur, ~energierekening, " +
			"~telefoonrekening",
		"~invoice, ~bill, ~billing, ~statement"},
	{"annual-bill", false, "jaarafrekening, jaarnota, jaarrekening, eindafrekening, jaaroverzicht, eindnota, jaarlijkse afrekening|nota|rekening|factuur, afrekening van dit|het|afgelopen jaar, slotnota", "annual bill, yearly bill, annual statement, yearly statement, annual invoice, yearly invoice, final bill, end of year bill"},
	{"advance", false, "voorschot, termijnbedrag, maandbedrag, termijn, maandtermijn, voorschotbedrag, maandelijkse termijn|bedrag|betaling|kosten, maandelijks bedrag, bedrag per maand, per maand, maandlasten", "monthly payment, monthly amount, monthly bill, monthly instalment, monthly installment, instalment, installment, per month, monthly charge, monthly fee, direct debit, a month, each month"},
	{"receipt", false, "+bon, bonnetje, kassabon, aankoopbewijs, betaalbewijs, aankoopbon", "receipt, proof of purchase, sales slip, till receipt"},
	{"price", false, "~prijs, ~prijzen, ~tarief, ~tarieven, ~kost, ~kostprijs, ~prijskaartje", "~price, ~prices, ~pricing, ~tariff, ~rate, ~rates, ~cost"},
	{"costs", false,
		"~kosten, ~kostenpost, ~toeslag, ~bijdrage, ~servicekosten, ~administratiekosten, extra kosten, bijkomende kosten, ~onkosten",
		"~charges, ~charge, ~fees, ~fee, ~costs, ~surcharge, additional charges, extra charges, additional costs"},
	{"unknown", true,
		"onbekend, onbekende, vreemd, raar, herken .. niet, herken niet, niet herken, weet niet .. waarvoor, weet .. niet waarvoor, geen idee .. waarvoor, " +
			"ken .. niet, niet van mij, niet door mij, nooit gedaan, niet gedaan, zegt me niets",
		"unknown, strange, unfamiliar, dont recognise, dont recognize, do not recognise, do not recognize, not mine, wasnt me, not made by me, no idea what, " +
			"+suspicious, unexplained"},
	{"extra", false,
		"~extra, ~onverwacht, ~onverwachte, ~bijkomend, ~bijkomende, ~aanvullend, ~toegevoegd, ~meer",
		"~extra, ~additional, ~unexpected, ~hidden, ~added, ~further"},
	{"amount", false, "~bedrag, ~bedragen, ~som, ~totaal, ~totaalbedrag, ~geld, ~euro", "~amount, ~sum, ~total, ~money, ~euros, ~pounds"},
	{"money", false, "~geld, ~bedrag, ~centen, ~euros, ~poen, ~doekoe, ~cash", "~money, ~cash, ~funds"},
	{"bank-account", false,
		"rekeningnummer, iban, bankrekening, bankgegevens, bankrekeningnummer, bank, rekening, betaalrekening",
		"account number, bank account, bank details, iban, sort code, bank, +account"},
	{"direct-debit", false, "incasso, automatische incasso, machtiging, automatisch afgeschreven, afschrijving, storneren, incassodatum", "direct debit, mandate, automatic payment, standing order"},
	{"payment-plan", false, "betalingsregeling, gespreid betalen, in termijnen, uitstel van betaling, afbetaling, betalingsuitstel, regeling treffen, termijnen betalen, later betalen, niet .. in een keer betalen", "payment plan, payment arrangement, pay in instalments, installments, defer payment, spread the cost, pay later, spread payments"},
	{"reminder", false, "aanmaning, herinnering, betalingsherinnering, deurwaarder, incassobureau, sommatie, ingebrekestelling, laatste herinnering", "reminder, final notice, final demand, dunning, collection agency, bailiff, debt collector"},
	{"discount", false, "korting, kortingen, actie, aanbieding, kortingsactie", "discount, offer, promotion, deal, reduction"},
	{"discount-code", false, "kortingscode, kortingcode, actiecode, vouchercode, couponcode, promocode, promotiecode, waardebon, kortingsbon, coupon, voucher, kortingscodes", "discount code, promo code, promotion code, voucher code, coupon code, coupon, voucher, promo"},
	{"gift-card", false, "cadeaukaart, cadeaubon, cadeaukaarten, giftcard, cadeaucard, tegoedbon, cadeaubonnen", "gift card, giftcard, gift voucher, gift certificate"},
	{"tax", false, "belasting, aanslag, woz, ozb, heffing, belastingaanslag, gemeentelijke belastingen, woz waarde, aanslagbiljet, rioolheffing, afvalstoffenheffing", "tax, taxes, assessment, tax bill, council tax, property tax, levy"},
	{"tax-deduct", false, "aftrek, aftrekken, aftrekpost, belastingaangifte, aangifte, jaaropgave", "deduct, deductible, tax return, annual statement"},
	{"allowance", false, "toeslag, subsidie, uitkering, bijstand, tegemoetkoming, kwijtschelding, zorgtoeslag, huurtoeslag", "allowance, subsidy, benefit, benefits, grant, remission"},
	{"fine", false, "boete, bekeuring, parkeerboete, naheffing, +bon, verkeersboete, naheffingsaanslag", "fine, fined, penalty, parking ticket, penalty charge, +ticket"},
	{"loan", false, "lening, krediet, hypotheek, lenen, financiering", "loan, credit, mortgage, financing, borrow"},
	{"savings", false, "spaarrekening, sparen, spaargeld, rente, +spaarpunten, +punten", "savings account, +savings, interest, +points"},
	{"deposit", false, "borg, waarborgsom, statiegeld, aanbetaling", "deposit, down payment, security deposit"},
	{"salary", false, "loon, salaris, loonstrook, salarisstrook", "salary, wages, payslip, pay slip"},

	// ---- Contracts and accounts
	{"subscription", false,
		"abonnement, abo, abonement, contract, overeenkomst, lidmaatschap, jaarcontract, bundel, proefabonnement",
		"subscription, contract, plan, membership, agreement, +package"},
	{"policy", false, "polis, verzekering, autoverzekering, inboedelverzekering, reisverzekering, zorgverzekering, aansprakelijkheidsverzekering, opstalverzekering, woonverzekering, inboedel, verzekeringen, polissen, doorlopende reis", "insurance, policy, policies, car insurance, home insurance, travel insurance, health insurance"},
	{"premium", false, "premie, maandpremie, premies, verzekeringspremie, jaarpremie", "premium, premiums"},
	{"covered", false,
		"verzekerd, gedekt, dekking, dekt, +vergoed, +vergoeding, +vergoeden, ~vergoedt, valt onder, valt .. onder, onder de dekking, krijg ik vergoed, " +
			"meeverzekerd",
		"covered, ~cover, ~covers, coverage, insured, reimbursed, ~included in my policy, does my policy"},
	{"claim", false, "claim, schadeclaim, +schade, schademelding, schadeformulier, +dossier, schadedossier", "claim, claims, +damage, +case, incident report"},
	{"damage-event", false,
		"schade, aanrijding, ongeluk, botsing, waterschade, brandschade, stormschade, inbraak, ruitschade, aangereden, ongeval",
		"damage, accident, +crash, collision, water damage, storm damage, break in, burglary"},
	{"deductible", false, "eigen risico", "excess, deductible"},
	{"details", false,
		"~gegevens, persoonsgegevens, ~data, ~informatie, ~gegeven, klantgegevens, contactgegevens, +profiel",
		"~details, ~data, ~information, ~particulars, personal data, ~info, +profile"},
	{"address", false,
		"~adres, ~afleveradres, ~bezorgadres, ~leveradres, ~huisnummer, ~postcode, ~straatnaam, ~woonadres, ~adresgegevens, ~verzendadres",
		"~address, ~postcode, ~zip code, ~house number, ~street"},
	{"name", false, "~naam, ~achternaam, ~voornaam, ~namen, ~tenaamstelling", "~name, ~surname, ~last name, ~first name"},
	{"email-address", false, "~mailadres, ~emailadres, ~e mailadres, ~e mail adres, ~mail adres, ~email adres", "~email address, ~e mail address, ~mail address"},
	{"account", false, "~account, ~profiel, ~inlogaccount, ~klantaccount, ~mijn omgeving, ~portaal, ~portal", "~account, ~profile, ~portal"},
	{"password", false, "wachtwoord, ww, paswoord, password, wachtwoorden, inlogcode, pincode, toegangscode, wachtw, inloggegevens", "password, passwords, passcode, passwd, pwd, pw, pin, login details, credentials"},
	{"verification-code", false, "verificatiecode, bevestigingscode, sms code, code per sms, tweestaps, 2fa, authenticator, inlogcode, beveiligingscode", "verification code, security code, sms code, two factor, 2fa, authenticator, one time code, confirmation code"},
	{"confirmation", false,
		"~bevestiging, ~bevestigingsmail, ~bevestigd, ~orderbevestiging, ~bevestigings mail",
		"~confirmation, ~confirmation email, ~confirmed, ~acknowledgement"},
	{"document", false,
		"~document, ~formulier, ~brief, ~bewijs, ~papieren, ~documenten, ~formulieren, ~verklaring, ~attest, ~certificaat",
		"~document, ~form, ~proof, ~papers, ~paperwork, ~certificate, +statement"},
	{"privacy", false, "privacy, avg, gdpr, persoonsgegevens, datalek, privacyverzoek", "privacy, gdpr, personal data, data breach, data protection"},
	{"newsletter", false,
		"nieuwsbrief, nieuwsbrieven, reclamemail, ~reclame, +mailing, ~spam, reclamemails, ~ongewenste mail",
		"newsletter, newsletters, marketing email, promotional email, +mailing, ~spam, ~junk mail, +marketing mails"},
	{"privacy-consent", false, "toestemming, cookies, akkoord", "consent, cookies, permission"},
	{"power-of-attorney", false, "machtigen, gemachtigde, volmacht, bewindvoerder, mantelzorger, namens", "authorise, authorize, power of attorney, on behalf"},
	{"death", false, "overleden, overlijden, nabestaande, uitvaart, erfgenaam", "deceased, died, death, passed away, bereavement, probate"},
	{"divorce", false, "scheiden, gescheiden, scheiding, echtscheiding", "divorce, divorced, separated, separation"},
}
