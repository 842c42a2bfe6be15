package classifier

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"slices"

	"github.com/heard-intake/heard/internal/fault"
)

// MaxBytes is the maximum size of an encoded model.
const MaxBytes = 3 << 20

// An encoded model is
//
//	magic "heardcls", format (1 byte)
//	length of the head (uvarint), head (JSON)
//	number of features (uvarint), then for each in ascending order of hashes:
//	  difference to the previous hash (uvarint), number of weights (uvarint),
//	  for each weight: difference to the previous class (uvarint), weight (1 byte)
//	CRC-32 (Castagnoli) of all bytes before, 4 bytes, little-endian
const (
	magic  = "heardcls"
	format = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is the JSON in an encoded model.
type head struct {
	Features  uint32      `json:"features"` // [fingerprint]
	Version   string      `json:"version"`
	Sharpness float32     `json:"sharpness"`
	Products  []uint32    `json:"products"`
	Classes   []headClass `json:"classes"`
}

type headClass struct {
	Reason    string  `json:"reason"`
	Scale     float32 `json:"scale"`
	Threshold float32 `json:"threshold"`
}

// Encode returns m as bytes for [Decode], at most [MaxBytes]. Equal models have equal
// bytes.
func (m *Model) Encode() ([]byte, error) {
	h := head{Features: fingerprint(), Version: m.version, Sharpness: m.sharpness, Products: sortedKeys(m.products)}
	for _, c := range m.classes {
		h.Classes = append(h.Classes, headClass{c.reason, c.scale, c.threshold})
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode head of classifier")
	}
	b := append([]byte(magic), format)
	b = binary.AppendUvarint(b, uint64(len(text)))
	b = append(b, text...)
	b = binary.AppendUvarint(b, uint64(len(m.hashes)))
	last := uint32(0)
	for i, hash := range m.hashes {
		b = binary.AppendUvarint(b, uint64(hash-last))
		last = hash
		row := m.cellsOf(uint32(i))
		b = binary.AppendUvarint(b, uint64(len(row)))
		before := uint16(0)
		for _, c := range row {
			b = binary.AppendUvarint(b, uint64(c.class-before))
			b = append(b, byte(c.weight)) //nolint:gosec // keeps the bits
			before = c.class
		}
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if len(b) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "the classifier has %d bytes, at most %d are allowed; use fewer reasons", len(b), MaxBytes)
	}
	return b, nil
}

// FeaturesVersion identifies the features that this version of the package computes.
// [Decode] refuses models that were trained with other features.
func FeaturesVersion() uint32 { return fingerprint() }

// Decode rebuilds a model from the result of [Model.Encode]. It returns a
// [fault.Invalid] for other bytes, and for a model of another version of this
// package.
func Decode(data []byte) (*Model, error) {
	body, err := checkFrame(data)
	if err != nil {
		return nil, err
	}
	r := &reader{data: body}
	size := r.uvarint(uint64(len(body)))
	m, err := decodeHead(r.bytes(size))
	if err != nil {
		return nil, err
	}
	n := r.uvarint(uint64(r.rest())) //nolint:gosec // not negative
	m.hashes = make([]uint32, 0, n)
	m.ends = make([]uint32, 0, n)
	m.cells = make([]cell, 0, r.rest()/2)
	hash := uint64(0)
	for i := range n {
		step := r.uvarint(math.MaxUint32)
		if hash += step; hash > math.MaxUint32 || (step == 0 && i > 0) {
			return nil, damaged("its features are not in order")
		}
		m.hashes = append(m.hashes, uint32(hash))
		m.cells = r.appendCells(m.cells, len(m.classes))
		m.ends = append(m.ends, uint32(len(m.cells))) //nolint:gosec // at most the size of the data
	}
	if r.failed || r.rest() > 0 {
		return nil, damaged("its end is missing or too long")
	}
	m.indexFeatures()
	return m, nil
}

// checkFrame returns the content of an encoded model. It refuses data whose
// magic number, format or checksum is wrong.
func checkFrame(data []byte) ([]byte, error) {
	const ends = len(magic) + 1 + crc32.Size
	if len(data) > MaxBytes {
		return nil, damaged("it is too large")
	}
	if len(data) < ends || !bytes.HasPrefix(data, []byte(magic)) {
		return nil, damaged("its first bytes are wrong")
	}
	if v := data[len(magic)]; v != format {
		return nil, fault.New(fault.Invalid, "the classifier has format %d, and this program reads format %d; train it again", v, format)
	}
	content := data[:len(data)-crc32.Size]
	if crc32.Checksum(content, castagnoli) != binary.LittleEndian.Uint32(data[len(content):]) {
		return nil, damaged("its checksum is wrong")
	}
	return content[len(magic)+1:], nil
}

func decodeHead(text []byte) (*Model, error) {
	var h head
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "not a classifier: its head is not JSON; train it again")
	}
	if h.Features != fingerprint() {
		return nil, fault.New(fault.Invalid, "the classifier was trained by another version of this program; train it again")
	}
	if len(h.Classes) < 2 || len(h.Classes) > MaxReasons+1 || h.Classes[0].Reason != "" {
		return nil, damaged("its reasons are missing")
	}
	m := &Model{version: h.Version, sharpness: h.Sharpness, products: make(map[uint32]bool, len(h.Products)), settings: &chosen}
	for _, p := range h.Products {
		m.products[p] = true
	}
	for _, c := range h.Classes {
		m.classes = append(m.classes, class{c.Reason, c.Scale, c.Threshold})
	}
	return m, nil
}

func damaged(what string) error {
	return fault.New(fault.Invalid, "not a classifier: %s; train it again", what)
}

// A reader reads the content of an encoded model. After a failure it returns zeros.
type reader struct {
	data   []byte
	at     int
	failed bool
}

func (r *reader) rest() int { return len(r.data) - r.at }

func (r *reader) fail() {
	r.failed = true
	r.at = len(r.data)
}

// uvarint reads a number that is at most limit.
func (r *reader) uvarint(limit uint64) uint64 {
	if r.at < len(r.data) {
		if b := r.data[r.at]; b < 0x80 && uint64(b) <= limit { // most numbers have one byte
			r.at++
			return uint64(b)
		}
	}
	v, n := binary.Uvarint(r.data[r.at:])
	if n <= 0 || v > limit {
		r.fail()
		return 0
	}
	r.at += n
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(r.rest()) { //nolint:gosec // not negative
		r.fail()
		return nil
	}
	begin := r.at
	r.at += int(n) //nolint:gosec // at most the size of the data
	return r.data[begin:r.at]
}

// appendCells reads the weights of one feature of a model with that many classes.
func (r *reader) appendCells(cells []cell, classes int) []cell {
	class := uint64(0)
	for range r.uvarint(uint64(classes)) { //nolint:gosec // not negative
		class += r.uvarint(uint64(classes)) //nolint:gosec // not negative
		if class >= uint64(classes) ||      //nolint:gosec // not negative
			r.rest() == 0 {
			r.fail()
			return cells
		}
		cells = append(cells, cell{uint16(class), int8(r.data[r.at])}) //nolint:gosec // checked above; keeps the bits
		r.at++
	}
	return cells
}

func sortedKeys(set map[uint32]bool) []uint32 {
	keys := make([]uint32, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
