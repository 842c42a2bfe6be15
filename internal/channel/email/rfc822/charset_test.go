package rfc822_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// encode returns s in an encoding.
func encode(t *testing.T, e encoding.Encoding, s string) string {
	t.Helper()
	b, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	japaneseText = "アドレスの変更をお願いします"
	koreanText   = "주소를 변경해 주세요"
	chineseText  = "请更改我的地址"
	germanText   = "Grüße, ich möchte mein Geld zurück"
)

// TestPart_TextCharset reads texts whose charset is missing, wrong or rare.
func TestPart_TextCharset(t *testing.T) {
	t.Parallel()
	jis := encode(t, japanese.ISO2022JP, japaneseText)
	sjis := encode(t, japanese.ShiftJIS, japaneseText)
	// The sets of ISO-2022 are 8-bit charsets without the high bit.
	sevenBit := func(e encoding.Encoding, s string) string {
		b := []byte(encode(t, e, s))
		for i := range b {
			b[i] &= 0x7f
		}
		return string(b)
	}
	utf16le := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16be := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	utf16bom := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	for _, tt := range []struct {
		name, charset, bytes, want string
		lost                       bool
	}{
		// Escape sequences win over every name.
		{"ISO-2022-JP, undeclared", "", jis, japaneseText, false},
		{"ISO-2022-JP as ASCII", "us-ascii", jis, japaneseText, false},
		{"ISO-2022-JP as UTF-8", "utf-8", jis, japaneseText, false},
		{"ISO-2022-JP as ISO-8859-1", "iso-8859-1", jis, japaneseText, false},
		{"ISO-2022-JP as Shift_JIS", "shift_jis", jis, japaneseText, false},
		{"ISO-2022-JP as ISO-2022-KR", "iso-2022-kr", jis, japaneseText, false},
		{"ISO-2022-JP as UTF-16", "utf-16", jis, japaneseText, false},
		{"ISO-2022-JP as UTF-7", "utf-7", jis, japaneseText, false},
		{"ISO-2022-JP under an unknown name", "x-unknown", jis, japaneseText, false},
		{"ISO-2022-JP, old designation", "", strings.ReplaceAll(jis, "\x1b$B", "\x1b$@"), japaneseText, false},
		{"ISO-2022-JP, JIS-Roman", "", strings.ReplaceAll(jis, "\x1b(B", "\x1b(J"), japaneseText, false},
		{"ISO-2022-JP, circled digits", "iso-2022-jp", "\x1b$B-!-\"\x1b(B", "①②", false},
		{"ISO-2022-JP, katakana of one byte", "iso-2022-jp", "\x1b(I123\x1b(B!", "ｱｲｳ!", false},
		{"ISO-2022-JP, without an end", "iso-2022-jp", strings.TrimSuffix(jis, "\x1b(B"), japaneseText, false},
		{"ISO-2022-JP over two lines", "iso-2022-jp", jis + "\r\nok " + jis, japaneseText + "\nok " + japaneseText, false},
		{"ISO-2022-JP, escapes removed", "iso-2022-jp", strings.ReplaceAll(jis, "\x1b", ""), japaneseText, false},
		{"ISO-2022-JP-2, Korean", "iso-2022-jp-2", "\x1b$(C" + sevenBit(korean.EUCKR, "주소") + "\x1b(B", "주소", false},
		{"ISO-2022-JP-2, Chinese", "", "\x1b$A" + sevenBit(simplifiedchinese.GBK, "请更") + "\x1b(B", "请更", false},
		{"ISO-2022-KR", "iso-2022-kr", "\x1b$)C\x0e" + sevenBit(korean.EUCKR, "주소를") + "\x0f \x0e" + sevenBit(korean.EUCKR, "변경해") + "\x0f", "주소를 변경해", false},
		{"ISO-2022-KR, undeclared", "", "\x1b$)C\x0e" + sevenBit(korean.EUCKR, "주소를") + "\x0f", "주소를", false},
		{"ISO-2022-KR as UTF-8", "utf-8", "\x1b$)C\x0e" + sevenBit(korean.EUCKR, "주소를") + "\x0f", "주소를", false},
		{"ISO-2022-CN", "iso-2022-cn", "\x1b$)A\x0e" + sevenBit(simplifiedchinese.GBK, chineseText) + "\x0f", chineseText, false},
		{"ISO-2022-CN, a set that is not supported", "iso-2022-cn", "ok \x1b$)G\x0e1234\x0f", "ok \ufffd\ufffd", true},
		{"colours of a terminal", "utf-8", "\x1b[31mred\x1b[0m", "[31mred[0m", false},

		// Bytes that are not UTF-8 are not.
		{"windows-1252 as UTF-8", "utf-8", encode(t, charmap.Windows1252, germanText), germanText, false},
		{"windows-1252 as ASCII", "us-ascii", encode(t, charmap.Windows1252, germanText), germanText, false},
		{"windows-1252 undeclared", "", encode(t, charmap.Windows1252, "“Ça va” – 5 €"), "“Ça va” – 5 €", false},
		{"UTF-8 with a stray quotation mark", "utf-8", "café, crème brûlée, it\x92s", "café, crème brûlée, it’s", false},
		{"Shift_JIS as UTF-8", "utf-8", sjis, japaneseText, false},
		{"Shift_JIS undeclared", "", sjis, japaneseText, false},
		{"Shift_JIS as ISO-2022-JP", "iso-2022-jp", sjis, japaneseText, false},
		{"EUC-JP as UTF-8", "utf-8", encode(t, japanese.EUCJP, japaneseText), japaneseText, false},
		{"EUC-JP as ISO-2022-JP", "iso-2022-jp", encode(t, japanese.EUCJP, japaneseText), japaneseText, false},
		{"UTF-8 as windows-1252", "windows-1252", germanText, germanText, false},
		{"UTF-8 as UTF-16", "utf-16", germanText, germanText, false},
		{"UTF-8 as UTF-7", "utf-7", germanText, germanText, false},
		{"UTF-8 as ISO-2022-JP", "iso-2022-jp", japaneseText, japaneseText, false},
		{"ASCII as UTF-16", "utf-16", "Hallo", "Hallo", false},
		{"ASCII as HZ", "hz-gb-2312", "a~b", "a~b", false},
		{"GB18030 as HZ", "hz-gb-2312", encode(t, simplifiedchinese.GB18030, chineseText), chineseText, false},
		{"EUC-KR as ISO-2022-KR", "iso-2022-kr", encode(t, korean.EUCKR, koreanText), koreanText, false},
		{"HZ", "hz-gb-2312", encode(t, simplifiedchinese.HZGB2312, chineseText), chineseText, false},
		{"UTF-16 with a mark, undeclared", "", encode(t, utf16bom, japaneseText), japaneseText, false},
		{"UTF-16 with a mark as UTF-8", "utf-8", encode(t, utf16bom, germanText), germanText, false},
		{"UTF-16 without a mark, little end first", "utf-16", encode(t, utf16le, germanText), germanText, false},
		{"UTF-16 without a mark, big end first", "utf-16", encode(t, utf16be, germanText), germanText, false},
		{"UTF-16 as UTF-8", "utf-8", encode(t, utf16le, germanText), germanText, false},
		{"UTF-16BE in Japanese", "utf-16be", encode(t, utf16be, japaneseText), japaneseText, false},
		{"UTF-16LE in Japanese", "utf-16le", encode(t, utf16le, japaneseText), japaneseText, false},
		{"UTF-32", "utf-32", encode(t, utf32.UTF32(utf32.BigEndian, utf32.UseBOM), germanText), germanText, false},
		{"quotation marks under an ISO name", "iso-8859-15", "it\x92s", "it’s", false},
		{"Cyrillic as declared", "koi8-r", encode(t, charmap.KOI8R, "Где мой заказ"), "Где мой заказ", false},

		// Unreadable text is reported.
		{"Cyrillic as UTF-8", "utf-8", encode(t, charmap.Windows1251, "Где мой заказ"), "Ãäå ìîé çàêàç", true},
		{"Big5 undeclared", "", encode(t, traditionalchinese.Big5, "我的地址"), "\u00a7Úªº¦a§}", true},
		{"unknown charset", "x-klingon", encode(t, charmap.Windows1251, "Где мой заказ"), "Ãäå ìîé çàêàç", true},
		{"broken EUC-KR", "euc-kr", encode(t, korean.EUCKR, strings.Repeat(koreanText, 3)) + "\xff", strings.Repeat(koreanText, 3) + "\ufffd", true},
		{"a byte that no charset has", "windows-1252", "a\x81b caf\xe9", "a\ufffdb café", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			field := "Content-Type: text/plain"
			if tt.charset != "" {
				field += "; charset=" + tt.charset
			}
			root, err := rfc822.Parse([]byte(field + "\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(tt.bytes))))
			if err != nil {
				t.Fatal(err)
			}
			got := root.ReadText(1000)
			if strings.TrimSpace(got.Text) != tt.want {
				t.Errorf("text: got %q, want %q", got.Text, tt.want)
			}
			if got.Lost != tt.lost {
				t.Errorf("lost: got %v, want %v", got.Lost, tt.lost)
			}
		})
	}
}

// TestHeader_RawCharset reads headers with raw bytes, next to a text in a
// charset that has no such bytes.
func TestHeader_RawCharset(t *testing.T) {
	t.Parallel()
	jis := func(s string) string { return encode(t, japanese.ISO2022JP, s) }
	for _, tt := range []struct {
		name, charset, subject, want string
		lost                         bool
	}{
		{"UTF-8 over ISO-2022-JP", "iso-2022-jp", "ご注文について", "ご注文について", false},
		{"UTF-8 over UTF-16", "utf-16", "Réponse", "Réponse", false},
		{"UTF-8 over UTF-7", "utf-7", "Réponse", "Réponse", false},
		{"UTF-8 over HZ", "hz-gb-2312", "Réponse", "Réponse", false},
		{"UTF-8 over ISO-2022-KR", "iso-2022-kr", koreanText, koreanText, false},
		{"plus sign over UTF-7", "utf-7", "1 +AGE- 2", "1 +AGE- 2", false},
		{"tildes over HZ", "hz-gb-2312", "a ~{VP~} b", "a ~{VP~} b", false},
		{"ASCII over UTF-16", "utf-16", "Mijn bestelling", "Mijn bestelling", false},
		{"ISO-2022-JP over UTF-8", "utf-8", jis("件名 " + japaneseText), "件名 " + japaneseText, false},
		{"ISO-2022-JP over nothing", "", jis("件名") + " " + jis(japaneseText), "件名 " + japaneseText, false},
		{"ISO-2022-JP with the bytes of an encoded word", "iso-2022-jp", jis("女"), "女", false},
		{"Shift_JIS over ISO-2022-JP", "iso-2022-jp", encode(t, japanese.ShiftJIS, japaneseText), japaneseText, false},
		{"EUC-JP over UTF-8", "utf-8", encode(t, japanese.EUCJP, japaneseText), japaneseText, false},
		{"EUC-KR over ISO-2022-KR", "iso-2022-kr", encode(t, korean.EUCKR, koreanText), koreanText, false},
		{"GB18030 over HZ", "hz-gb-2312", encode(t, simplifiedchinese.GB18030, chineseText), chineseText, false},
		{"GB18030 over GB2312", "gb2312", encode(t, simplifiedchinese.GB18030, chineseText), chineseText, false},
		{"windows-1252 over UTF-7", "utf-7", encode(t, charmap.Windows1252, germanText), germanText, false},
		{"windows-1252 over UTF-8", "utf-8", encode(t, charmap.Windows1252, germanText), germanText, false},
		{"KOI8-R over KOI8-R", "koi8-r", encode(t, charmap.KOI8R, "Где мой заказ"), "Где мой заказ", false},
		{"encoded word beside raw bytes", "iso-2022-jp", "Re: =?utf-8?q?caf=C3=A9?= für", "Re: café für", false},
		{"escapes in an encoded word of another name", "", "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(jis(japaneseText))) + "?=", japaneseText, false},
		{"encoded word in ISO-2022-KR", "", "=?iso-2022-kr?B?" + base64.StdEncoding.EncodeToString([]byte("\x1b$)C\x0eAV<R\x0f")) + "?=", "주소", false},
		{"windows-1252 in an encoded word of UTF-8", "", "=?utf-8?q?Gr=FC=DFe?=", "Grüße", false},
		{"Cyrillic over UTF-8", "utf-8", encode(t, charmap.Windows1251, "Где мой заказ"), "Ãäå ìîé çàêàç", true},
		{"Cyrillic in an encoded word of UTF-8", "", "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(encode(t, charmap.Windows1251, "Где мой заказ"))) + "?=", "Ãäå ìîé çàêàç", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			field := "Content-Type: text/plain"
			if tt.charset != "" {
				field += "; charset=" + tt.charset
			}
			root, err := rfc822.Parse([]byte("Subject: " + tt.subject + "\n" + field + "\n\nx"))
			if err != nil {
				t.Fatal(err)
			}
			if got := root.Header.Text("Subject"); got != tt.want {
				t.Errorf("subject: got %q, want %q", got, tt.want)
			}
			if got := root.Header.LosesText("Subject"); got != tt.lost {
				t.Errorf("LosesText: got %v, want %v", got, tt.lost)
			}
		})
	}
}

// TestHeader_RawAddresses reads addresses next to raw names whose bytes look
// like commas, quotation marks and brackets.
func TestHeader_RawAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, charset, encoded, want string }{
		{"ISO-2022-JP", "", encode(t, japanese.ISO2022JP, "山田あいう"), "山田あいう"},
		{"ISO-2022-JP with the bytes of marks", "", encode(t, japanese.ISO2022JP, "、＜＠女，（店）"), "、＜＠女，（店）"},
		{"Shift_JIS with the byte of a backslash", "shift_jis", encode(t, japanese.ShiftJIS, "ソフト表示"), "ソフト表示"},
		{"GBK", "gbk", encode(t, simplifiedchinese.GBK, "张伟"), "张伟"},
		{"UTF-8 over ISO-2022-JP", "iso-2022-jp", "山田", "山田"},
		{"UTF-8 over UTF-16", "utf-16", "André", "André"},
		{"windows-1252 over UTF-8", "utf-8", encode(t, charmap.Windows1252, "André"), "André"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte("From: " + tt.encoded + " <jan@example.com>\nContent-Type: text/plain; charset=" + tt.charset + "\n\nx"))
			if err != nil {
				t.Fatal(err)
			}
			want := rfc822.Address{Name: tt.want, Addr: "jan@example.com"}
			if got := root.Header.Addresses("From"); len(got) != 1 || got[0] != want {
				t.Errorf("From: got %+v, want %+v", got, want)
			}
		})
	}
}

// TestPart_TextCut cuts texts in the middle of a character.
func TestPart_TextCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ charset, text, want string }{
		{"utf-8", "aaaéé", "aaaé"},
		{"utf-8", "aaa€€", "aaa€"},
		{"euc-kr", encode(t, korean.EUCKR, "주소를변"), "주소를"},
		{"windows-1252", encode(t, charmap.Windows1252, "ééééééé"), "éééééé"},
	} {
		root, err := rfc822.Parse([]byte("Content-Type: text/plain; charset=" + tt.charset + "\n\n" + tt.text))
		if err != nil {
			t.Fatal(err)
		}
		limit := 6
		got := root.ReadText(limit)
		if !got.Cut || got.Lost || !strings.HasPrefix(tt.want, got.Text) || len(got.Text) < 3 {
			t.Errorf("%s: got %+v, want a beginning of %q, cut and not lost", tt.charset, got, tt.want)
		}
	}
}
