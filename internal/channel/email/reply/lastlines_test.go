package reply_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email/reply"
)

// attributions are the attributions of mail programs. "|" marks the places at
// which a program may wrap the line.
var attributions = []struct{ program, text string }{
	{"nl Gmail", "Op di 25 sep 2025 om 08:59 schreef Winkel Voorbeeld|<help@winkel.example>:"},
	{"nl Gmail without a name", "Op di 25 sep 2025 om 08:59 schreef|<help@winkel.example>:"},
	{"nl Gmail until 2018", "Op 25 september 2025 08:59 schreef Winkel <|help@winkel.example>:"},
	{"nl Gmail on Android", "Op di 25 sep. 2025 08:59 schreef \"Winkel\"|<help@winkel.example>|het volgende:"},
	{"nl Apple Mail", "Op 25 sep 2025, om 08:59 heeft Winkel Voorbeeld|<help@winkel.example> het volgende|geschreven:"},
	{"nl iPhone", "Op 25 sep. 2025 om 08:59 heeft Winkel Voorbeeld <help@winkel.example> het|volgende geschreven:"},
	{"nl iPhone without an address", "Op 25 sep. 2025 om 08:59 heeft Winkel Voorbeeld het volgende|geschreven:"},
	{"nl Thunderbird", "Op 25-09-2025 om 08:59 schreef|Winkel Voorbeeld:"},
	{"nl Thunderbird with an address", "Op 25-9-2025 om 08:59 schreef Winkel|<help@winkel.example>:"},
	{"nl Yahoo", "Op dinsdag 25 september 2025 om 08:59:22 CEST schreef Winkel Voorbeeld|<help@winkel.example>:"},
	{"nl Proton", "Op dinsdag 25 september 2025 om 08:59 schreef|Winkel Voorbeeld|<help@winkel.example>:"},
	{"nl Roundcube", "Winkel Voorbeeld schreef op|2025-09-25 08:59:"},
	{"nl Roundcube with an address", "Winkel Voorbeeld <help@winkel.example>|schreef op 25-09-2025 08:59:"},
	{"nl Evolution", "Winkel Voorbeeld schreef op|di 25-09-2025 om 08:59 [+0200]:"},
	{"nl Lotus Notes", "Winkel Voorbeeld <help@winkel.example> schreef op 25-09-2025|08:59:00:"},
	{"nl Open-Xchange", "Op 25-09-2025 08:59 CEST schreef Winkel Voorbeeld|<help@winkel.example>:"},
	{"nl Spark", "Op 25 sep. 2025 08:59 +0200, schreef Winkel Voorbeeld|<help@winkel.example>:"},
	{"nl Airmail", "Op 25 september 2025 om 08:59:22, Winkel Voorbeeld|(help@winkel.example) schreef:"},
	{"nl Zoho", "---- Op di, 25 sep. 2025 08:59:00 +0200 Winkel Voorbeeld|<help@winkel.example> schreef ----"},
	{"nl SOGo", "Op Dinsdag, 25 September 2025 08:59 CEST, schreef Winkel Voorbeeld|<help@winkel.example>:"},
	{"nl Outlook for iOS", "Op di, sep. 25, 2025 om 8:59 a.m. schreef Winkel Voorbeeld|<help@winkel.example>:"},
	{"nl with a long name", "Op di 25 sep 2025 om 08:59 schreef Klantenservice: de afdeling van Winkel Voorbeeld die|over bestellingen gaat <help@winkel.example>:"},
	{"nl Zoho, another opener", "---- Aan di, 25 sep. 2025 08:59:00 +0200 Winkel Voorbeeld|<help@winkel.example> schreef ----"},
	{"nl iPhone without a name", "Op 25 sep. 2025 om 08:59 heeft help@winkel.example het volgende|geschreven:"},
	{"nl Yahoo on Android", "Op di, 25 sep. 2025 om 8:59 schreef Winkel Voorbeeld<help@winkel.example>:"},
	{"nl Tutanota", "25 sep. 2025 08:59 door help@winkel.example:"},
	{"en Gmail", "On Tue, Sep 25, 2025 at 8:59 AM Shop Example|<help@shop.example>|wrote:"},
	{"en Gmail in Britain", "On Tue, 25 Sept 2025 at 08:59, Shop Example|<help@shop.example>|wrote:"},
	{"en Gmail without a name", "On Tue, Sep 25, 2025 at 8:59 AM <help@shop.example>|wrote:"},
	{"en Gmail until 2018", "2016-03-03 17:21 GMT+01:00 Shop Example|<help@shop.example>:"},
	{"en Gmail on Android", "On Tue, 25 Sep 2025, 08:59 Shop Example,|<help@shop.example>|wrote:"},
	{"en Apple Mail", "On 25 Sep 2025, at 08:59, Shop Example|<help@shop.example>|wrote:"},
	{"en iPhone", "On Sep 25, 2025, at 8:59\u202fAM, Shop Example|<help@shop.example>|wrote:"},
	{"en iPhone without an address", "On Sep 25, 2025, at 8:59 AM, Shop Example|wrote:"},
	{"en Thunderbird", "On 9/25/25 8:59 AM, Shop Example wrote:"},
	{"en Thunderbird in Britain", "On 25/09/2025 08:59, Shop Example|wrote:"},
	{"en Yahoo", "On Tuesday, September 25, 2025 at 08:59:22 AM GMT+2, Shop Example|<help@shop.example>|wrote:"},
	{"en Proton", "On Tuesday, September 25th, 2025 at 8:59 AM, Shop Example|<help@shop.example>|wrote:"},
	{"en Roundcube", "On 2025-09-25 08:59, Shop Example wrote:"},
	{"en Roundcube with an address", "On 2025-09-25 08:59, Shop Example|<help@shop.example> wrote:"},
	{"en Evolution", "On Tue, 2025-09-25 at 08:59 +0200, Shop Example|wrote:"},
	{"en KMail", "On Tuesday, 25 September 2025 08:59:22 CEST Shop Example|wrote:"},
	{"en Mutt", "On Tue, Sep 25, 2025 at 08:59:00AM +0200, Shop Example|wrote:"},
	{"en Zimbra", "----- On Sep 25, 2025, at 8:59 AM, Shop Example help@shop.example|wrote:"},
	{"en Zoho", "---- On Tue, 25 Sep 2025 08:59:00 +0200 Shop Example <help@shop.example>|wrote ----"},
	{"en Zoho without a name", "---- On Tue, 25 Sep 2025 08:59:00 +0200 help@shop.example wrote ----"},
	{"en Zoho mobile", "On Tue, 25 Sep 2025 08:59:00 +0200 Shop Example <help@shop.example> wrote"},
	{"en Spark", "On 25 Sep 2025 at 08:59 +0200, Shop Example <help@shop.example>,|wrote:"},
	{"en Airmail", "On 25 September 2025 at 08:59:22, Shop Example (help@shop.example)|wrote:"},
	{"en Outlook for iOS", "On Tue, Sep 25, 2025 at 8:59 AM +0200, \"Shop Example\"|<help@shop.example>|wrote:"},
	{"en Outlook with two addresses", "On Tue, Sep 25, 2025 at 8:59 AM Shop Example|<help@shop.example<mailto:help@shop.example>>|wrote:"},
	{"en BlueMail", "On 25 Sep 2025, at 08:59, Shop Example|<help@shop.example> wrote:"},
	{"en K-9", "On 25 September 2025 08:59:22 CEST, Shop Example|<help@shop.example> wrote:"},
	{"en Freshdesk", "On Tue, 25 Sep at 8:59 AM , Shop Example|<help@shop.example> wrote:"},
	{"en SquirrelMail", "On Tue, September 25, 2025 8:59 am, Shop Example|wrote:"},
	{"en 163.com", "At 2025-09-25 08:59:00, \"shop\" <help@shop.example>|wrote:"},
	{"en Lotus Notes", "Shop Example <help@shop.example>|wrote on 25/09/2025 08:59:00 AM:"},
	{"en Tutanota", "Sep 25, 2025, 08:59 by help@shop.example:"},
	{"en Mail.ru", "Tuesday, 25 September 2025, 8:59 AM +0300 from Shop|<help@shop.example>:"},
	{"en with a comment after the zone", "On Tue, 25 Sep 2025 08:59:00 -0700 (PDT), Shop Example|<help@shop.example> wrote:"},
	{"en with an ISO time", "On 2025-09-25T08:59:00+02:00, Shop Example|wrote:"},
	{"en with a dashed date", "On 25-Sep-2025 08:59, Shop Example wrote:"},
	{"en Wanderlust", "At Tue, 25 Sep 2025 08:59:00 +0200,|Shop Example wrote:"},
	{"de Gmail", "Am Di., 25. Sept. 2025 um 08:59 Uhr schrieb Laden Muster|<hilfe@laden.example>:"},
	{"de Gmail until 2020", "Laden Muster <hilfe@laden.example> schrieb am Di., 25. Sept. 2025|um 08:59:"},
	{"de Gmail until 2020, wrapped early", "Laden Muster|<hilfe@laden.example> schrieb am Di., 25. Sept.|2025 um 08:59 Uhr:"},
	{"de Gmail on Android", "Am 25.09.2025 8:59 vorm. schrieb \"Laden Muster\"|<hilfe@laden.example>:"},
	{"de Apple Mail", "Am 25.09.2025 um 08:59 schrieb Laden Muster|<hilfe@laden.example>:"},
	{"de Thunderbird", "Am 25.09.25 um 08:59 schrieb|Laden Muster:"},
	{"de Yahoo", "Am Dienstag, 25. September 2025 um 08:59:22 MESZ hat Laden Muster|<hilfe@laden.example> Folgendes|geschrieben:"},
	{"de Yahoo on Android", "Am Di., Sept. 25, 2025 at 8:59 schrieb Laden Muster|<hilfe@laden.example>:"},
	{"de Proton", "Am Dienstag, 25. September 2025 um 08:59 schrieb Laden Muster|<hilfe@laden.example>:"},
	{"de Roundcube", "Am 2025-09-25 08:59, schrieb Laden Muster:"},
	{"de Evolution", "Am Dienstag, dem 25.09.2025 um 08:59 +0200 schrieb|Laden Muster:"},
	{"de Open-Xchange", "Am 25.09.2025 08:59 CEST schrieb Laden Muster|<hilfe@laden.example>:"},
	{"de GMX mobile", "Am 25.09.25, 08:59, Laden Muster <hilfe@laden.example>|schrieb:"},
	{"de KMail", "Am Dienstag, 25. September 2025, 08:59:22 CEST schrieb Laden Muster:"},
	{"de Lotus Notes", "Laden Muster <hilfe@laden.example> schrieb am 25.09.2025 08:59:00:"},
	{"de Spark", "Am 25. Sept. 2025, 08:59 +0200 schrieb Laden Muster|<hilfe@laden.example>:"},
	{"de Zoho", "---- Am Di, 25 Sep. 2025 08:59:00 +0200 Laden Muster|<hilfe@laden.example> schrieb ----"},
	{"de Tutanota", "25. Sept. 2025, 08:59 von hilfe@laden.example:"},
	{"fr Gmail", "Le mar. 25 sept. 2025 à 08:59, Magasin Exemple <aide@magasin.example> a|écrit\u00a0:"},
	{"fr Gmail in March", "Le mar. 4 mars 2025 à 08:59, Magasin Exemple|<aide@magasin.example> a écrit\u00a0:"},
	{"fr Gmail on Android", "Le 25 sept. 2025 08:59, \"Magasin\"|<aide@magasin.example>|a écrit :"},
	{"fr Apple Mail", "Le 25 sept. 2025 à 08:59, Magasin Exemple <aide@magasin.example>|a écrit\u00a0:"},
	{"fr Thunderbird", "Le 25/09/2025 à 08:59, Magasin Exemple a écrit\u00a0:"},
	{"fr Yahoo", "Le mardi 25 septembre 2025 à 08:59:22 UTC+2, Magasin Exemple|<aide@magasin.example> a écrit :"},
	{"fr Proton", "Le mardi 25 septembre 2025 à 08:59, Magasin Exemple|<aide@magasin.example> a écrit :"},
	{"fr Roundcube", "Le 2025-09-25 08:59, Magasin Exemple a écrit\u00a0:"},
	{"fr Evolution", "Le mardi 25 septembre 2025 à 08:59 +0200, Magasin Exemple a|écrit :"},
	{"fr in Canada", "Le mar. 25 sept. 2025, 8 h 59, Magasin Exemple|<aide@magasin.example> a écrit :"},
	{"fr Open-Xchange", "Le 25/09/2025 08:59 CEST, Magasin Exemple <aide@magasin.example>|a écrit :"},
	{"fr Spark", "Le 25 sept. 2025 à 08:59 +0200, Magasin Exemple <aide@magasin.example>,|a écrit :"},
	{"es Gmail", "El mar, 25 sept 2025 a las 8:59, Tienda Ejemplo (<ayuda@tienda.example>)|escribió:"},
	{"es Apple Mail", "El 25 sept 2025, a las 8:59, Tienda Ejemplo <ayuda@tienda.example>|escribió:"},
	{"es Thunderbird", "El 25/9/25 a las 8:59, Tienda Ejemplo escribió:"},
	{"es Yahoo", "El martes, 25 de septiembre de 2025, 08:59:22 CEST, Tienda Ejemplo|<ayuda@tienda.example> escribió:"},
	{"es Proton", "El martes, 25 de septiembre de 2025 a las 8:59, Tienda Ejemplo|<ayuda@tienda.example> escribió:"},
	{"es Roundcube", "El 2025-09-25 08:59, Tienda Ejemplo escribió:"},
	{"es Gmail until 2020", "Tienda Ejemplo <ayuda@tienda.example> escribió el mar., 25 sept.|2025 a las 8:59:"},
	{"ca Gmail", "El dt., 25 de set. 2025 a les 8:59, Botiga <ajuda@botiga.example>|va escriure:"},
	{"it Gmail", "Il giorno mar 25 set 2025 alle ore 08:59 Negozio Esempio|<aiuto@negozio.example> ha scritto:"},
	{"it Apple Mail until 2013", "Il giorno 25/set/2025, alle ore 08:59, Negozio Esempio|<aiuto@negozio.example> ha scritto:"},
	{"it Apple Mail", "Il giorno 25 set 2025, alle ore 08:59, Negozio Esempio|<aiuto@negozio.example> ha|scritto:"},
	{"it Thunderbird", "Il 25/09/2025 08:59, Negozio Esempio ha scritto:"},
	{"it Yahoo", "Il martedì 25 settembre 2025 alle ore 08:59:22 CEST, Negozio Esempio|<aiuto@negozio.example> ha scritto:"},
	{"it Proton", "Il martedì 25 settembre 2025 08:59, Negozio Esempio|<aiuto@negozio.example> ha scritto:"},
	{"it Aruba", "In data 25 settembre 2025 08:59:31 \"Negozio\"|<aiuto@negozio.example> ha scritto:"},
	{"pt Gmail", "Loja Exemplo <ajuda@loja.example> escreveu (terça, 25/09/2025 à(s)|08:59):"},
	{"pt Gmail in Brazil", "Em ter., 25 de set. de 2025 às 08:59, Loja Exemplo|<ajuda@loja.example> escreveu:"},
	{"pt Apple Mail", "No dia 25/09/2025, às 08:59, Loja Exemplo|<ajuda@loja.example> escreveu:"},
	{"pt Thunderbird", "Às 08:59 de 25/09/2025, Loja Exemplo escreveu:"},
	{"pt Yahoo", "Em terça-feira, 25 de setembro de 2025 às 08:59:22 WEST, Loja Exemplo|<ajuda@loja.example> escreveu:"},
	{"pl Gmail", "wt., 25 wrz 2025 o 08:59 Sklep Przykład <pomoc@sklep.example>|napisał(a):"},
	{"pl Apple Mail", "Wiadomość napisana przez Sklep Przykład <pomoc@sklep.example> w dniu|25.09.2025, o godz. 08:59:"},
	{"pl Thunderbird", "W dniu 25.09.2025 o 08:59, Sklep Przykład pisze:"},
	{"pl Yahoo", "W dniu wtorek, 25 września 2025 08:59:22 CEST użytkownik Sklep|<pomoc@sklep.example> napisał:"},
	{"pl O2", "Dnia 25 września 2025 08:59 Sklep Przykład|<pomoc@sklep.example> napisał(a):"},
	{"da Gmail", "Den tirs. 25. sep. 2025 kl. 08.59 skrev Butik Eksempel|<hjaelp@butik.example>:"},
	{"da Yahoo", "Den tirsdag den 25. september 2025 08.59.22 CEST skrev Butik Eksempel|<hjaelp@butik.example>:"},
	{"da Thunderbird", "Den 25-09-2025 kl. 08:59 skrev Butik Eksempel:"},
	{"no Gmail", "tir. 25. sep. 2025 kl. 08:59 skrev Butikk Eksempel|<hjelp@butikk.example>:"},
	{"no Gmail, wrapped in the address", "tir. 25. sep. 2025 kl. 08:59 skrev Butikk Eksempel <hjelp@butikk.example|>:"},
	{"no Yahoo", "tirsdag 25. september 2025 kl. 08:59:22 CEST skrev Butikk Eksempel|<hjelp@butikk.example> følgende:"},
	{"sv Gmail", "Den tis 25 sep. 2025 kl 08:59 skrev Butik Exempel|<hjalp@butik.example>:"},
	{"sv iPhone", "25 sep. 2025 kl. 08:59 skrev Butik Exempel|<hjalp@butik.example>:"},
	{"sv Thunderbird", "Den 2025-09-25 kl. 08:59, skrev Butik Exempel:"},
	{"sv Yahoo", "Den tisdag 25 september 2025 08:59:22 CEST, Butik Exempel|<hjalp@butik.example> skrev:"},
	{"sv Roundcube", "Butik Exempel skrev den 2025-09-25 08:59:"},
	{"fi Gmail", "ti 25. syysk. 2025 klo 8.59 Kauppa Esimerkki (<apu@kauppa.example>)|kirjoitti:"},
	{"fi Apple Mail", "Kauppa Esimerkki <apu@kauppa.example> kirjoitti 25.9.2025 kello 8.59:"},
	{"fi Thunderbird", "Kauppa Esimerkki kirjoitti 25.9.2025 klo 8.59:"},
	{"ru Gmail", "вт, 25 сент. 2025\u202fг. в 08:59, Магазин Пример|<pomosh@magazin.example>:"},
	{"ru Apple Mail", "25 сент. 2025 г., в 08:59, Магазин Пример|<pomosh@magazin.example> написал(а):"},
	{"ru Thunderbird", "25.09.2025 08:59, Магазин Пример пишет:"},
	{"ru Yandex", "25.09.2025, 08:59, \"Магазин\"|<pomosh@magazin.example>:"},
	{"ru Mail.ru", "Вторник, 25 сентября 2025, 08:59 +03:00 от Магазин|<pomosh@magazin.example>:"},
	{"ru Gmail until 2018", "25 сентября 2025 г. пользователь Магазин|<pomosh@magazin.example> написал:"},
	{"uk Gmail", "вт, 25 вер. 2025\u202fр. о 08:59 Крамниця Приклад|<help@kramnytsia.example> пише:"},
	{"cs Gmail", "út 25. 9. 2025 v 8:59 odesílatel Obchod Příklad|<pomoc@obchod.example> napsal:"},
	{"cs Thunderbird", "Dne 25. 09. 25 v 8:59 Obchod Příklad napsal(a):"},
	{"sk Gmail", "ut 25. 9. 2025 o 8:59 Obchod Príklad|<pomoc@obchod.example> napísal(a):"},
	{"hu Gmail", "Bolt Példa <segitseg@bolt.example> ezt írta (időpont: 2025. szept. 25., K,|8:59):"},
	{"hu Thunderbird", "2025. 09. 25. 8:59 keltezéssel, Bolt Példa írta:"},
	{"ro Gmail", "În mar., 25 sept. 2025 la 08:59, Magazin Exemplu|<ajutor@magazin.example> a scris:"},
	{"ro iPhone", "Pe 25 sept. 2025, la 08:59, Magazin Exemplu|<ajutor@magazin.example> a scris:"},
	{"tr Gmail", "Mağaza Örnek <yardim@magaza.example>, 25 Eyl 2025 Per, 08:59 tarihinde şunu|yazdı:"},
	{"tr Thunderbird", "25.09.2025 08:59 tarihinde Mağaza Örnek yazdı:"},
	{"el Gmail", "Στις Τρί 25 Σεπ 2025 στις 8:59 π.μ., ο χρήστης Κατάστημα|<help@katastima.example> έγραψε:"},
	{"vi Gmail", "Vào Th 3, 25 thg 9, 2025 vào lúc 08:59 Cửa Hàng|<help@cuahang.example> đã viết:"},
	{"zh Gmail", "商店示例 <help@shop.example> 于2025年9月25日周二 08:59写道："},
	{"zh Gmail in Taiwan", "商店示例 <help@shop.example> 於 2025年9月25日 週二 上午8:59寫道："},
	{"zh Apple Mail", "在 2025年9月25日，08:59，商店示例|<help@shop.example> 写道："},
	{"zh Thunderbird", "在 2025/9/25 08:59, 商店示例 写道:"},
	{"zh 163.com", "在 2025-09-25 08:59:00，\"shop\" <help@shop.example> 写道："},
	{"ja Gmail", "2025年9月25日(火) 8:59 ショップ例|<help@shop.example>:"},
	{"ja Apple Mail", "2025/09/25 8:59、ショップ例 <help@shop.example>のメール:"},
	{"ko Gmail", "2025년 9월 25일 (화) 오전 8:59, 상점 예시 <help@shop.example>님이 작성:"},
}

// undated are attributions without a time, which some old programs write.
var undated = []struct{ program, text string }{
	{"nl Horde", "Citeren Winkel Voorbeeld <help@winkel.example>:"},
	{"de Horde", "Zitat von Laden Muster <hilfe@laden.example>:"},
	{"en Horde", "Quoting Shop Example <help@shop.example>:"},
	{"en Gnus", "Shop Example <help@shop.example> writes:"},
	{"de K-9", "Laden Muster <hilfe@laden.example> schrieb:"},
	{"nl without a year", "Op di 25 sep schreef Winkel Voorbeeld:"},
}

// headers are the beginnings of quotes without an attribution.
var headers = []struct{ program, text string }{
	{"nl Outlook", "Van: Winkel Voorbeeld <help@winkel.example>\nVerzonden: dinsdag 25 september 2025 08:59\nAan: Jan Jansen <jan@example.com>\nOnderwerp: Uw vraag\n"},
	{"nl Outlook on the web", "________________________________\nVan: Winkel Voorbeeld <help@winkel.example>\nVerzonden: dinsdag 25 september 2025 08:59\nAan: Jan Jansen <jan@example.com>\nOnderwerp: Uw vraag\n"},
	{"nl Outlook for Mac", "Van: Winkel Voorbeeld <help@winkel.example>\nDatum: dinsdag 25 september 2025 om 08:59\nAan: Jan Jansen <jan@example.com>\nOnderwerp: Uw vraag\n"},
	{"nl Outlook, bold", "*Van:* Winkel Voorbeeld <help@winkel.example>\n*Verzonden:* dinsdag 25 september 2025 08:59\n*Aan:* Jan Jansen <jan@example.com>\n*Onderwerp:* Uw vraag\n"},
	{"nl Outlook Express", "-----Oorspronkelijk bericht-----\nVan: Winkel Voorbeeld <help@winkel.example>\nVerzonden: dinsdag 25 september 2025 08:59\nAan: Jan Jansen <jan@example.com>\nOnderwerp: Uw vraag\n"},
	{"nl Samsung", "-------- Oorspronkelijk bericht --------\nVan: Winkel Voorbeeld <help@winkel.example>\nDatum: 25-09-2025 08:59 (GMT+02:00)\nAan: jan@example.com\nOnderwerp: Uw vraag\n"},
	{"nl K-9", "-------- Origineel bericht --------\nVan: Winkel Voorbeeld <help@winkel.example>\nVerzonden: 25 september 2025 08:59:00 CEST\nAan: jan@example.com\nOnderwerp: Uw vraag\n"},
	{"en Outlook", "From: Shop Example <help@shop.example>\nSent: Tuesday, September 25, 2025 8:59 AM\nTo: Jane <jane@example.com>\nSubject: Your question\n"},
	{"en Outlook for iOS", "________________________________\nFrom: Shop Example <help@shop.example>\nSent: Tuesday, September 25, 2025 8:59:00 AM\nTo: Jane <jane@example.com>\nSubject: Your question\n"},
	{"en Samsung", "-------- Original message --------\nFrom: Shop Example <help@shop.example>\nDate: 25/09/2025 08:59 (GMT+02:00)\nTo: jane@example.com\nSubject: Your question\n"},
	{"en eM Client", "------ Original Message ------\nFrom: \"Shop Example\" <help@shop.example>\nTo: jane@example.com\nSent: 25/09/2025 08:59:00\nSubject: Your question\n"},
	{"en Proton, old", "------- Original Message -------\nOn Tuesday, September 25th, 2025 at 8:59 AM, Shop Example <help@shop.example> wrote:\n"},
	{"en GMX", "Sent: Tuesday, September 25, 2025 at 8:59 AM\nFrom: \"Shop Example\" <help@shop.example>\nTo: jane@example.com\nSubject: Your question\n"},
	{"de Outlook", "Von: Laden Muster <hilfe@laden.example>\nGesendet: Dienstag, 25. September 2025 08:59\nAn: Eva <eva@example.com>\nBetreff: Ihre Frage\n"},
	{"de GMX, web.de", "Gesendet: Dienstag, 25. September 2025 um 08:59 Uhr\nVon: \"Laden Muster\" <hilfe@laden.example>\nAn: eva@example.com\nBetreff: Ihre Frage\n"},
	{"de web.de mobile", "-------- Ursprüngliche Nachricht --------\nVon: Laden Muster <hilfe@laden.example>\nGesendet: 25.09.25 08:59\nAn: eva@example.com\nBetreff: Ihre Frage\n"},
	{"fr Outlook", "De : Magasin Exemple <aide@magasin.example>\nEnvoyé : mardi 25 septembre 2025 08:59\nÀ : Eva <eva@example.com>\nObjet : Votre question\n"},
	{"fr Orange", "> Message du 25/09/25 08:59\n> De : \"Magasin Exemple\" <aide@magasin.example>\n> A : eva@example.com\n> Objet : Votre question\n"},
	{"es Outlook", "De: Tienda Ejemplo <ayuda@tienda.example>\nEnviado: martes, 25 de septiembre de 2025 8:59\nPara: Eva <eva@example.com>\nAsunto: Su pregunta\n"},
	{"it Outlook", "Da: Negozio Esempio <aiuto@negozio.example>\nInviato: martedì 25 settembre 2025 08:59\nA: Eva <eva@example.com>\nOggetto: La sua domanda\n"},
	{"nl Apple Mail, quoted", "> Op 25 sep 2025, om 08:59 heeft Winkel Voorbeeld <help@winkel.example> het volgende geschreven:\n> \n"},
	{"en Apple Mail, quoted", "> On 25 Sep 2025, at 08:59, Shop Example <help@shop.example> wrote:\n> \n"},
	{"de Open-Xchange, quoted", "> Am 25.09.2025 08:59 CEST schrieb Laden Muster <hilfe@laden.example>:\n> \n>  \n"},
}

// endings are last lines of replies.
var endings = strings.Split(strings.TrimSpace(`
12345
0
7
12345.
12345?
#12345
nr. 12345
12345 / 67890
2 stuks graag
2 stuks graag.
2x
3 x 12
100%
10-15 stuks
4,5
1/2
2025
2025-000123
1234567890123
3DS7-1234-5678
NL91 ABNA 0417 1643 00
M-250-XL
1234 AB
1234AB Utrecht
75008 Paris
10115 Berlin
SW1A 1AA
Kerkstraat 12
12 rue de la Paix
06-12345678
0612345678
06 12 34 56 78
+31612345678
+31 6 1234 5678
(020) 555 0100
020 555 0100
€ 12,50
12,50 euro
12.50
$1,299.00
1.299,00
-15
-5 graden
14:00
14:00 is prima
14.00 uur
14h30
10:15 AM
om 14:00
tussen 9:00 en 12:00
9:00 - 12:00
9-12 uur
3 mei
3 mei 2025
25-09-2025
25/09/2025
25.09.2025
2025-09-25
2025/09/25
9/25/25
25-09-2025 14:00
2025-09-25 14:00
25.09.2025, 14:00 Uhr
25 september 2025 om 14:00
25 september om 14:00 uur is goed
25 sep 2025 Jan
25-09-2025 14:00 Jan Jansen
September 25, 2025
25. September 2025
le 25 septembre 2025 à 14h
dinsdag
dinsdag 25 september
di 25 sep 14:00
Tuesday, September 25
Op dinsdag
Op dinsdag 25 september
Op 25 september 2025 om 10:15
Op 3 maart schreef u mij
Op uw vraag: ja
On it
On Monday
On Monday I wrote to Jan
On Monday, March 3, 2025
On Mar 3, 2025 at 10:15 AM
On 3 March you wrote that it was on its way
Am Montag
Am Montag, 3. März 2025
Am 3. März schrieb ich Ihnen
Le 3 mars
Le 3 mars 2025 à 10:15
Le lundi 3 mars je vous ai écrit
El lunes
El 3 de marzo
Il 3 marzo
Em 3 de março
Den 3 mars
W dniu 3 marca
In bericht 12
At 10
schreef u dat?
Wie schreef dat?
Wat schreef Jan?
Who wrote this?
I wrote: no
I never wrote
he wrote
wrote
Dit is wat ik schreef:
This is what Jan wrote:
Jan schreef:
Jan wrote:
she wrote:
Er schrieb:
Il a écrit :
On Monday Jan wrote:
Op dinsdag schreef Piet:
Op 3 maart schreef u:
Mijn nummer is:
Het antwoord: 12
Bestelnummer: 12345
Maat: 42
Datum: 25-09-2025
Naam: Jan
Van: Utrecht
Onderwerp: 12345
Van: Kerkstraat 1\nAan: Dorpsstraat 2
jan@example.com
jan@example.com.
<jan@example.com>
Jan Jansen <jan@example.com>
Mijn adres: jan@example.com
jan@example.com is mijn adres
12345 jan@example.com
https://example.com/track/12345
https://example.com/a?b=12:30
www.example.com
example.com/12
- 2 stuks
- 2 stuks\n- 3 stuks
* rood\n* blauw
• rood
1. rood\n2. blauw
1. 12345\n2. 67890
1) ja\n2) nee
a) 12
12345\n67890
14:00\n15:00\n16:00
Kerkstraat 12\n1234 AB Utrecht
Mijn nummer is\n12345
12345\nJan
12345\n\nGroet,\nJan
Groet,\nJan
Groeten, Jan
Met vriendelijke groet,\n\nJan de Vries\n06-12345678
Regards\nJane Example\n+31 20 555 0100
Jan
Jan de Vries
J. de Vries
Mei Li
April
De Vries, 12
"ja"
'12345'
"On Monday"
(12345)
[12345]
*12345*
_12345_
<12345>
<3
12 < 15
15 > 12
a -> 2
= 12
~ 12
ja
Ja.
Ja!
ja?
OK
?
👍
:-)
ok :)
Nee, 12345 is niet goed
Ik heb 12345 besteld op 3 mei 2024 om 10:00, maar niets gekregen.
De code is 12:30:45
versie 2.0.1
IP 192.168.1.10
Het was 3 mei 2024 om 10:00 dat Jan <jan@example.com> mij schreef.
3 mei 2024 om 10:00 schreef Jan mij dit
Sinds 2025-09-25 08:59 wacht ik al
Zie mijn mail van di 25 sep 2025 om 08:59
Zie mijn mail van 25-09-2025.
是的
12345 好的
25日
да, 12345
`), "\n")

const question = "Beste Jan,\n\nWat is uw bestelnummer?\n\nMet vriendelijke groet,\nde klantenservice"

// quotes are the ways to write the quote below an attribution.
var quotes = []struct{ name, text string }{
	{"marked", "> " + strings.ReplaceAll(question, "\n", "\n> ") + "\n"},
	{"marked after a blank line", "\n> " + strings.ReplaceAll(question, "\n", "\n> ") + "\n>\n"},
	{"unmarked", "\n" + question + "\n"},
}

// above are the texts above the last line of a reply.
var above = []string{"", "Hallo,\n\n", "Dank voor uw bericht.\n"}

// wraps returns a text in one line, and wrapped at one or two of its marks.
func wraps(text string) []string {
	parts := strings.Split(text, "|")
	var all []string
	for first := range len(parts) {
		for second := first; second < len(parts); second++ {
			var b strings.Builder
			for i, p := range parts {
				switch {
				case i == 0:
				case i == first || i == second:
					b.WriteByte('\n')
				case strings.HasSuffix(parts[i-1], "<"), strings.HasPrefix(p, ">"):
				default:
					b.WriteByte(' ')
				}
				b.WriteString(p)
			}
			if !slices.Contains(all, b.String()) {
				all = append(all, b.String())
			}
		}
	}
	return all
}

// TestStrip_LastLines puts each ending of a reply above each attribution, in
// each of the ways that it is wrapped and quoted, with and without a blank line
// between. The reply is kept and nothing of the quote is.
func TestStrip_LastLines(t *testing.T) {
	t.Parallel()
	for i, ending := range endings {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			want := above[i%len(above)] + strings.ReplaceAll(ending, `\n`, "\n")
			for _, gap := range []string{"\n", "\n\n"} {
				for _, a := range attributions {
					for _, lines := range wraps(a.text) {
						for _, q := range quotes {
							checkReply(t, a.program+", "+q.name, want, gap+lines+"\n"+q.text)
						}
					}
				}
				for _, h := range headers {
					text := question + "\n"
					if strings.HasPrefix(h.text, ">") {
						text = quotes[0].text
					}
					checkReply(t, h.program, want, gap+h.text+"\n"+text)
				}
			}
			for _, a := range undated {
				checkReply(t, a.program, want, "\n\n"+a.text+"\n"+quotes[0].text)
			}
		})
	}
}

// checkReply strips a mail that consists of a reply and its history, and checks
// that the reply is left.
func checkReply(t *testing.T, program, want, history string) {
	t.Helper()
	if got := reply.Strip(want+history, reply.Options{}).Text; got != want {
		t.Errorf("%s:\n%s\n--- got:\n%s\n--- want:\n%s", program, want+history, got, want)
	}
}

// minWrap is the least length of the first line of a wrapped attribution in
// TestStrip_WrappedAnywhere. No program wraps earlier.
const minWrap = 20

// TestStrip_WrappedAnywhere wraps each attribution at each pair of its blanks.
func TestStrip_WrappedAnywhere(t *testing.T) {
	t.Parallel()
	for _, a := range attributions {
		words := strings.Split(wraps(a.text)[0], " ")
		for first := range words {
			begin := strings.Join(words[:first], " ")
			if len(begin) < minWrap {
				continue
			}
			for second := first; second < len(words); second++ {
				lines := begin + "\n"
				if second > first {
					lines += strings.Join(words[first:second], " ") + "\n"
				}
				lines += strings.Join(words[second:], " ")
				for _, want := range []string{"12345", "14:00 is prima", "25-09-2025 14:00", "Op dinsdag"} {
					checkReply(t, a.program, want, "\n\n"+lines+"\n"+quotes[0].text)
				}
			}
		}
	}
}

// TestStrip_RandomLastLines is TestStrip_LastLines with endings of random words
// that occur in attributions.
func TestStrip_RandomLastLines(t *testing.T) {
	t.Parallel()
	const samples = 20_000
	words := strings.Fields("12345 2 3 14:00 10:15 3/5 25-09-2025 2025 2025-09-25 mei maart march mars mär Jan Piet Winkel jan@example.com <jan@example.com> : , . ? ! schreef wrote wrote: écrit schrieb Op On Am Le El Il Den dinsdag Tuesday di. om at um à u you ik het is goed graag stuks euro € 12,50 % uur pm AM CET +0100 GMT van de W dniu Em Datum: Van: Aan: 1. 1)")
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(n int) int { return random.IntN(n) }
	for range samples {
		var ending []string
		for range 1 + pick(7) {
			ending = append(ending, words[pick(len(words))])
		}
		want := above[pick(len(above))] + strings.Join(ending, " ")
		if reply.Strip(want, reply.Options{}).Text != want {
			continue // the words have a meaning without an attribution too
		}
		a := attributions[pick(len(attributions))]
		lines := wraps(a.text)
		gap := []string{"\n", "\n\n"}[pick(2)]
		checkReply(t, a.program, want, gap+lines[pick(len(lines))]+"\n"+quotes[pick(len(quotes))].text)
	}
}

// TestStrip_LinesBetween puts the lines that mail programs and writers put
// between a reply and an attribution there.
func TestStrip_LinesBetween(t *testing.T) {
	t.Parallel()
	between := []string{
		"Verzonden vanaf mijn iPhone", "Verstuurd vanaf mijn Galaxy", "Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Outlook voor iOS downloaden",
		"-- \nJan Jansen\n06-12345678", "-- \nJan Jansen\n\nKerkstraat 12\n1234 AB Utrecht", "________________________________\nJan Jansen",
	}
	for _, want := range []string{"12345", "2 stuks graag", "14:00 is prima", "25-09-2025", "Op dinsdag", "1234 AB"} {
		for _, b := range between {
			for _, a := range attributions {
				checkReply(t, a.program, want, "\n\n"+b+"\n\n"+wraps(a.text)[0]+"\n"+quotes[0].text)
			}
		}
	}
}

// TestStrip_NumbersBelow answers with numbers below or between the lines of a
// quote.
func TestStrip_NumbersBelow(t *testing.T) {
	t.Parallel()
	answers := []string{"12345", "2 stuks graag", "14:00 is prima", "25-09-2025", "1234 AB", "€ 12,50", "#12345", "12345.", "3 mei", "10-15 stuks"}
	for _, answer := range answers {
		for _, a := range attributions {
			at := wraps(a.text)[0] + "\n"
			if got := reply.Strip(at+quotes[0].text+"\n"+answer+"\n", reply.Options{}).Text; got != answer {
				t.Errorf("%s, below the quote: got %q, want %q", a.program, got, answer)
			}
			want := "Hallo,\n\nzie onder.\n\n> Wat is uw bestelnummer?\n\n" + answer
			mail := "Hallo,\n\nzie onder.\n\n" + at + "> Wat is uw bestelnummer?\n\n" + answer + "\n"
			if got := reply.Strip(mail, reply.Options{}).Text; got != want {
				t.Errorf("%s, above and below the quote: got %q, want %q", a.program, got, want)
			}
			want = "> Wat is uw bestelnummer?\n" + answer + "\n> En uw postcode?\n" + answer
			mail = at + want
			if got := reply.Strip(mail, reply.Options{}).Text; got != want {
				t.Errorf("%s, between the lines: got %q, want %q", a.program, got, want)
			}
		}
	}
}

// TestStrip_Sentences reads texts in which a customer writes about a mail. They
// have words of an attribution and no quote below them.
func TestStrip_Sentences(t *testing.T) {
	t.Parallel()
	texts := []string{
		"Op 3 mei 2024 schreef u mij:\nhet pakket is onderweg.\n\nDat klopt niet.",
		"Op 3 mei 2024 om 10:00 schreef u mij:\nhet pakket is onderweg.\n\nDat klopt niet.",
		"Op 3 mei schreef Jan:\nwij bellen u.\n\nIk ben niet gebeld.",
		"Op dinsdag 25 september schreef uw collega:\nwij bellen u.\n\nIk ben niet gebeld.",
		"Uw collega Piet schreef op 3 mei 2024 om 10:00:\nwij bellen u.",
		"Op 3 mei 2024 om 10:00 heeft uw monteur mij het volgende geschreven:\nik kom morgen.",
		"On 3 May 2024 you wrote:\nyour parcel is on its way.\n\nIt is not.",
		"On Monday Jan wrote:\nwe will call you.\n\nYou did not.",
		"On May 3 my brother wrote to you:\nit is broken.",
		"On Monday I wrote to Jan <jan@example.com> and got no answer.",
		"At 10:15 I wrote to help@shop.example:\nno answer.",
		"Am 3. Mai 2024 schrieb ich Ihnen:\ndas Paket fehlt.\n\nKeine Antwort.",
		"Am Montag schrieb Herr Muster:\nwir rufen an.",
		"Le 3 mai 2024 vous m'avez écrit :\nle colis arrive.\n\nRien.",
		"Le 3 mai, Jean a écrit :\nle colis arrive.\n\nRien.",
		"El 3 de mayo usted escribió:\nel paquete llega.",
		"Il 3 maggio lei ha scritto:\nil pacco arriva.",
		"3 mei 2024 10:00: gebeld\n4 mei 2024 11:00: weer gebeld\nGeen antwoord.",
		"3 mei 2024 10:00 Jan gesproken:\nhij zou bellen.",
		"25-09-2025 14:00 Winkel, Utrecht:\nafspraak voor reparatie.",
		"1. 25-09-2025 08:59 besteld:\n2 stuks\n2. 26-09-2025 geleverd:\n1 stuk",
		"Mijn adres is Jan Jansen <jan@example.com>:\nstuur het daarheen.",
		"Ik heb op 3 mei 2024 om 10:00 gemaild naar help@winkel.example:\ngeen antwoord.",
		"Bestelling 12345 van 25-09-2025 08:59, op naam van jan@example.com:\n2 lampen",
		"Datum: 25-09-2025\nBestelnummer: 12345\nAantal: 2",
	}
	for _, text := range texts {
		if got := reply.Strip(text+"\n", reply.Options{}).Text; got != text {
			t.Errorf("got %q, want %q", got, text)
		}
		for _, a := range attributions {
			checkReply(t, a.program, text, "\n\n"+wraps(a.text)[0]+"\n"+quotes[0].text)
		}
	}
}

// TestStrip_AttributionInsideLine reads mails in which a program did not break the
// line between the reply and the attribution.
func TestStrip_AttributionInsideLine(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"12345", "2 stuks graag.", "14:00 is prima", "25-09-2025", "Ja, op dinsdag.", "Bestelnummer: 12345"} {
		for _, at := range []string{
			"Op di 25 sep 2025 om 08:59 schreef Winkel <help@winkel.example>:",
			"Op di 25 sep 2025 om 08:59 schreef Winkel Voorbeeld\n<help@winkel.example>:",
			"Op 25 sep 2025 om 08:59 heeft Winkel <help@winkel.example> het volgende\ngeschreven:",
			"On Tue, Sep 25, 2025 at 8:59 AM Shop Example <help@shop.example>\nwrote:",
			"On 9/25/25 8:59 AM, Shop Example wrote:",
			"Am 25.09.2025 um 08:59 schrieb Laden <hilfe@laden.example>:",
			"Le 25 sept. 2025 à 08:59, Magasin <aide@magasin.example> a écrit :",
			"El mar, 25 sept 2025 a las 8:59, Tienda (<ayuda@tienda.example>) escribió:",
		} {
			for _, q := range quotes {
				checkReply(t, q.name, want, " "+at+"\n"+q.text)
			}
		}
	}
}
