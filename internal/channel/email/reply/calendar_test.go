package reply_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email/reply"
)

// TestStrip_Calendars reads attributions with each day of the week and each
// month, shortened as mail programs do in each language.
func TestStrip_Calendars(t *testing.T) {
	t.Parallel()
	calendars := []struct{ language, form, days, months string }{
		{"nl", "Op DAY 4 MONTH 2025 om 08:59 schreef Winkel <help@shop.example>:", "ma di wo do vr za zo", "jan feb mrt apr mei jun jul aug sep okt nov dec"},
		{"nl, with full stops", "Op DAY 4 MONTH 2025 om 08:59 schreef Winkel <help@shop.example>:", "ma di wo do vr za zo", "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec."},
		{"en", "On DAY, MONTH 4, 2025 at 8:59 AM Shop <help@shop.example> wrote:", "Mon Tue Wed Thu Fri Sat Sun", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"},
		{"en in Britain", "On DAY, 4 MONTH 2025 at 08:59, Shop <help@shop.example> wrote:", "Mon Tue Wed Thu Fri Sat Sun", "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec"},
		{"de", "Am DAY, 4. MONTH 2025 um 08:59 Uhr schrieb Laden <help@shop.example>:", "Mo. Di. Mi. Do. Fr. Sa. So.", "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."},
		{"de in Austria", "Am DAY, 4. MONTH 2025 um 08:59 Uhr schrieb Laden <help@shop.example>:", "Mo. Di. Mi. Do. Fr. Sa. So.", "Jän. Feb. März Apr. Mai Juni Juli Aug. Sep. Okt. Nov. Dez."},
		{"fr", "Le DAY 4 MONTH 2025 à 08:59, Magasin <help@shop.example> a écrit :", "lun. mar. mer. jeu. ven. sam. dim.", "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."},
		{"es", "El DAY, 4 MONTH 2025 a las 8:59, Tienda (<help@shop.example>) escribió:", "lun mar mié jue vie sáb dom", "ene feb mar abr may jun jul ago sept oct nov dic"},
		{"it", "Il giorno DAY 4 MONTH 2025 alle ore 08:59 Negozio <help@shop.example> ha scritto:", "lun mar mer gio ven sab dom", "gen feb mar apr mag giu lug ago set ott nov dic"},
		{"pt", "Em DAY, 4 de MONTH de 2025 às 08:59, Loja <help@shop.example> escreveu:", "seg. ter. qua. qui. sex. sáb. dom.", "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."},
		{"ca", "El DAY, 4 de MONTH 2025 a les 8:59, Botiga <help@shop.example> va escriure:", "dl. dt. dc. dj. dv. ds. dg.", "gen. febr. març abr. maig juny jul. ag. set. oct. nov. des."},
		{"pl", "DAY, 4 MONTH 2025 o 08:59 Sklep <help@shop.example> napisał(a):", "pon. wt. śr. czw. pt. sob. niedz.", "sty lut mar kwi maj cze lip sie wrz paź lis gru"},
		{"da", "Den DAY 4. MONTH 2025 kl. 08.59 skrev Butik <help@shop.example>:", "man. tirs. ons. tors. fre. lør. søn.", "jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec."},
		{"no", "DAY 4. MONTH 2025 kl. 08:59 skrev Butikk <help@shop.example>:", "man. tir. ons. tor. fre. lør. søn.", "jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des."},
		{"sv", "Den DAY 4 MONTH 2025 kl 08:59 skrev Butik <help@shop.example>:", "mån tis ons tors fre lör sön", "jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec."},
		{"fi", "DAY 4. MONTH 2025 klo 8.59 Kauppa (<help@shop.example>) kirjoitti:", "ma ti ke to pe la su", "tammik. helmik. maalisk. huhtik. toukok. kesäk. heinäk. elok. syysk. lokak. marrask. jouluk."},
		{"ru", "DAY, 4 MONTH 2025 г. в 08:59, Магазин <help@shop.example>:", "пн вт ср чт пт сб вс", "янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек."},
		{"uk", "DAY, 4 MONTH 2025 р. о 08:59 Крамниця <help@shop.example> пише:", "пн вт ср чт пт сб нд", "січ. лют. бер. квіт. трав. черв. лип. серп. вер. жовт. лист. груд."},
		{"sk-SK", "DAY 4. MONTH 2025 o 8:59 Obchod <help@shop.example> napísal(a):", "po ut st št pi so ne", "1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12."},
		{"cs", "DAY 4. MONTH 2025 v 8:59 odesílatel Obchod <help@shop.example> napsal:", "po út st čt pá so ne", "1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12."},
		{"hu", "Bolt <help@shop.example> ezt írta (időpont: 2025. MONTH 4., DAY, 8:59):", "H K Sze Cs P Szo V", "jan. febr. márc. ápr. máj. jún. júl. aug. szept. okt. nov. dec."},
		{"ro", "În DAY, 4 MONTH 2025 la 08:59, Magazin <help@shop.example> a scris:", "lun. mar. mie. joi vin. sâm. dum.", "ian. feb. mar. apr. mai iun. iul. aug. sept. oct. nov. dec."},
		{"tr", "Mağaza <help@shop.example>, 4 MONTH 2025 DAY, 08:59 tarihinde şunu yazdı:", "Pzt Sal Çar Per Cum Cmt Paz", "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara"},
		{"el", "Στις DAY 4 MONTH 2025 στις 8:59 π.μ., ο χρήστης Κατάστημα <help@shop.example> έγραψε:", "Δευ Τρί Τετ Πέμ Παρ Σάβ Κυρ", "Ιαν Φεβ Μαρ Απρ Μαΐ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ"},
		{"vi", "Vào DAY, 4 thg MONTH, 2025 vào lúc 08:59 Cửa Hàng <help@shop.example> đã viết:", "Th_2 Th_3 Th_4 Th_5 Th_6 Th_7 CN", "1 2 3 4 5 6 7 8 9 10 11 12"},
		{"zh", "商店 <help@shop.example> 于2025年MONTH月4日DAY 08:59写道：", "周一 周二 周三 周四 周五 周六 周日", "1 2 3 4 5 6 7 8 9 10 11 12"},
		{"ja", "2025年MONTH月4日(DAY) 8:59 ショップ <help@shop.example>:", "月 火 水 木 金 土 日", "1 2 3 4 5 6 7 8 9 10 11 12"},
		{"ko", "2025년 MONTH월 4일 (DAY) 오전 8:59, 상점 <help@shop.example>님이 작성:", "월 화 수 목 금 토 일", "1 2 3 4 5 6 7 8 9 10 11 12"},
	}
	for _, c := range calendars {
		for day := range strings.FieldsSeq(c.days) {
			for month := range strings.FieldsSeq(c.months) {
				at := strings.NewReplacer("DAY", strings.ReplaceAll(day, "_", " "), "MONTH", month).Replace(c.form)
				got := reply.Strip("12345\n\n"+at+"\n\n> Beste Jan,\n> wat is uw nummer?\n", reply.Options{}).Text
				if got != "12345" {
					t.Errorf("%s, %q: got %q, want %q", c.language, at, got, "12345")
				}
			}
		}
	}
}
