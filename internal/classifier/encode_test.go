package classifier_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/fault"
)

func encodeModel(t testing.TB) []byte {
	t.Helper()
	m, _ := trainModel(t)
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecode_RoundTrip(t *testing.T) {
	t.Parallel()
	m, _ := trainModel(t)
	data := encodeModel(t)
	got, err := classifier.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Version() != "7" || !slices.Equal(got.Reasons(), m.Reasons()) {
		t.Errorf("version and reasons = %s, %v; want those of the encoded model", got.Version(), got.Reasons())
	}
	for _, e := range readExamples(t, "heldout.tsv") {
		if diff := cmp.Diff(m.Guess(e.Text, e.Language, nil), got.Guess(e.Text, e.Language, nil)); diff != "" {
			t.Fatalf("guesses of the decoded model differ: %s", diff)
		}
	}
	again, err := got.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("the decoded model has other bytes (error %v), want the same", err)
	}
}

func TestDecode_Refuses(t *testing.T) {
	t.Parallel()
	data := encodeModel(t)
	otherFormat := slices.Clone(data)
	otherFormat[8]++
	flipped := slices.Clone(data)
	flipped[len(flipped)/2] ^= 1
	for name, bad := range map[string][]byte{
		"empty": nil, "text": []byte("a text that is long enough"), "cut": data[:len(data)-1], "other format": otherFormat, "flipped bit": flipped,
		"too large": make([]byte, classifier.MaxBytes+1), "extended": append(slices.Clone(data), 0),
		"other features": withChecksum(bytes.Replace(data, []byte(`{"features":`), []byte(`{"features":1`), 1)),
		"without end":    withChecksum(data[:len(data)-10]),
	} {
		if _, err := classifier.Decode(bad); err == nil || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: Decode() error = %v, want one of kind %s", name, err, fault.Invalid)
		}
	}
}

// withChecksum replaces the last four bytes by the checksum of those before.
func withChecksum(data []byte) []byte {
	content := data[:len(data)-4]
	return binary.LittleEndian.AppendUint32(slices.Clone(content), crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
}

// Bytes with a right checksum reach the rest of the decoder.
func FuzzDecode(f *testing.F) {
	data := encodeModel(f)
	head := data[:9]
	f.Add(data)
	f.Add([]byte{})
	f.Add(data[9:200])
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, bytes := range [][]byte{data, withChecksum(append(append(slices.Clone(head), data...), 0, 0, 0, 0))} {
			m, err := classifier.Decode(bytes)
			if err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("Decode() error = %v, want kind %s", err, fault.Invalid)
				}
				continue
			}
			m.Guess("mijn pakket is te laat", "nl", nil)
			if _, err := m.Encode(); err != nil {
				t.Errorf("Encode() error = %v, want none", err)
			}
		}
	})
}
