package reply

import (
	"strings"
	"sync"
)

// A calendar has the names of the days and months in a language, in lower case.
// Mail programs shorten them: a day to two letters or more, a month to three or
// more. Shorter forms are listed in shortDays and shortMonths.
type calendar struct{ days, months string }

var calendars = []calendar{
	{"monday tuesday wednesday thursday friday saturday sunday", "january february march april may june july august september october november december"},
	{"maandag dinsdag woensdag donderdag vrijdag zaterdag zondag", "januari februari maart april mei juni juli augustus september oktober november december"},
	{"montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag", "januar jänner februar märz april mai juni juli august september oktober november dezember"},
	{"lundi mardi mercredi jeudi vendredi samedi dimanche", "janvier février fevrier mars avril mai juin juillet août aout septembre octobre novembre décembre decembre"},
	{"lunes martes miércoles miercoles jueves viernes sábado sabado domingo", "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre"},
	{"lunedì martedì mercoledì giovedì venerdì sabato domenica", "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"},
	{"segunda terça quarta quinta sexta sábado domingo", "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"},
	{"dilluns dimarts dimecres dijous divendres dissabte diumenge", "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre"},
	{"poniedziałek wtorek środa czwartek piątek sobota niedziela", "styczeń stycznia luty lutego marzec marca kwiecień kwietnia maj maja czerwiec czerwca lipiec lipca sierpień sierpnia wrzesień września październik października listopad listopada grudzień grudnia"},
	{"mandag tirsdag onsdag torsdag fredag lørdag søndag", "januar februar marts mars april maj mai juni juli august september oktober november december desember"},
	{"måndag tisdag onsdag torsdag fredag lördag söndag", "januari februari mars april maj juni juli augusti september oktober november december"},
	{"maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai", "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta"},
	{"понедельник вторник среда четверг пятница суббота воскресенье", "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"},
	{"понеділок вівторок середа четвер пʼятниця п'ятниця субота неділя", "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня"},
	{"pondělí úterý středa čtvrtek pátek sobota neděle", "leden ledna únor února březen března duben dubna květen května červen června červenec července srpen srpna září říjen října listopad listopadu prosinec prosince"},
	{"pondelok utorok streda štvrtok piatok sobota nedeľa", "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra"},
	{"hétfő kedd szerda csütörtök péntek szombat vasárnap", "január február március április május június július augusztus szeptember október november december"},
	{"luni marți miercuri joi vineri sâmbătă duminică", "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie"},
	{"pazartesi salı çarşamba perşembe cuma cumartesi pazar", "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık"},
	{"δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή", "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου μαΐ μαϊ ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου"},
	{"ponedjeljak utorak srijeda četvrtak petak subota nedjelja", "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca"},
}

const (
	shortDays   = "пн вт ср чт пт сб вс нд pn wt śr czw pt nd sob po út st čt pá so ne ut št pi pzt paz cmt cum çar per dl dt dc dj dv ds dg th cn"
	shortMonths = "mrt ag sept mrs szept márc febr"
	linkWords   = "feira at on of the om op um am der dem den à a le de d las los la les del dels al el alle ore dalle giorno il às as dia s kl klo kello på vid o godz dnia в о у v ve u lúc vào thg tháng ora orele στις k h p t im"
	zoneWords   = "am pm utc gmt cet cest mez mesz wet west eet eest bst ist est edt cst cdt mst mdt pst pdt akst hst msk jst kst hkt sgt aest aedt acst awst nzst nzdt z vorm nachm odp dop"
	unitWords   = "uhr uur h hrs hod г р год"
)

// momentWords returns the words of times in all languages, in lower case. "mar" can
// be a day and a month. A word that is in several other lists has the role of
// the last.
var momentWords = sync.OnceValue(func() map[string]wordRole {
	words := map[string]wordRole{}
	addNames := func(role wordRole, least int, list string) {
		for _, name := range strings.Fields(list) {
			letters := []rune(name)
			for n := min(least, len(letters)); n <= len(letters); n++ {
				words[string(letters[:n])] |= role
			}
		}
	}
	for _, c := range calendars {
		addNames(dayName, minDayName, c.days)
		addNames(monthName, minMonthName, c.months)
	}
	add := func(role wordRole, list string) {
		for _, word := range strings.Fields(list) {
			words[word] = role
		}
	}
	add(dayName, shortDays)
	add(monthName, shortMonths)
	add(linkWord, linkWords)
	add(zoneWord, zoneWords)
	add(unitWord, unitWords)
	return words
})

// The least number of letters of a shortened name.
const (
	minDayName   = 2
	minMonthName = 3
)

// IsDayOrMonth reports whether a word, in lower case, is the name of a day or month in
// one of the languages, whole or shortened.
func IsDayOrMonth(word string) bool { return momentWords()[word]&(dayName|monthName) != 0 }
