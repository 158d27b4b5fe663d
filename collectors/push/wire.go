package push

import (
	"encoding/binary"
	"errors"
	"math"
)

// Why a message cannot be decoded.
var (
	errTruncated = errors.New("it ends within a field")
	errVarint    = errors.New("a number is longer than ten bytes")
	errLength    = errors.New("a length is negative")
	errTag       = errors.New("a field has an impossible number or type")
	errType      = errors.New("a field has another type than the one of its number")
	errGroup     = errors.New("a group ends that did not begin")
)

// The wire types of protocol buffers.
const (
	typeVarint = 0
	typeFixed8 = 1
	typeBytes  = 2
	typeGroup  = 3
	typeEnd    = 4
	typeFixed4 = 5
)

// wire reads the fields of a protocol buffer where they lie. It takes and refuses what the code does that gogo/protobuf generates, so
// that a request means the same here and in Prometheus; where that is more lenient than the specification, so is this.
type wire struct {
	b []byte
	i int // what is read next
}

func (w *wire) more() bool { return w.i < len(w.b) }

// varint reads a number. Bits beyond the 64th are ignored.
func (w *wire) varint() (uint64, error) {
	if w.i < len(w.b) && w.b[w.i] < 0x80 {
		w.i++
		return uint64(w.b[w.i-1]), nil
	}
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		if w.i >= len(w.b) {
			return 0, errTruncated
		}
		c := w.b[w.i]
		w.i++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, nil
		}
	}
	return 0, errVarint
}

// field reads a field's number and type.
func (w *wire) field() (number int32, kind int, err error) {
	v, err := w.varint()
	if err != nil {
		return 0, 0, err
	}
	number, kind = int32(v>>3), int(v&7)
	if number <= 0 {
		return 0, 0, errTag
	}
	return number, kind, nil
}

// end reads a length and returns where what is so long ends.
func (w *wire) end() (int, error) {
	v, err := w.varint()
	if err != nil {
		return 0, err
	}
	n := int(v)
	if n < 0 {
		return 0, errLength
	}
	if n > len(w.b)-w.i {
		return 0, errTruncated
	}
	return w.i + n, nil
}

// bytes reads a string or a message.
func (w *wire) bytes(kind int) ([]byte, error) {
	if kind != typeBytes {
		return nil, errType
	}
	end, err := w.end()
	if err != nil {
		return nil, err
	}
	start := w.i
	w.i = end
	return w.b[start:end], nil
}

// float reads a double.
func (w *wire) float(kind int) (float64, error) {
	if kind != typeFixed8 {
		return 0, errType
	}
	if len(w.b)-w.i < 8 {
		return 0, errTruncated
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(w.b[w.i:]))
	w.i += 8
	return v, nil
}

// integer reads an int64.
func (w *wire) integer(kind int) (int64, error) {
	if kind != typeVarint {
		return 0, errType
	}
	v, err := w.varint()
	return int64(v), err
}

// skip passes over the content of a field that means nothing here.
func (w *wire) skip(kind int) error {
	for depth := 0; ; {
		switch kind {
		case typeVarint:
			if _, err := w.varint(); err != nil {
				return err
			}
		case typeFixed8:
			w.i += 8
		case typeBytes:
			end, err := w.end()
			if err != nil {
				return err
			}
			w.i = end
		case typeGroup:
			depth++
		case typeEnd:
			if depth--; depth < 0 {
				return errGroup
			}
		case typeFixed4:
			w.i += 4
		default:
			return errTag
		}
		if w.i > len(w.b) {
			return errTruncated
		}
		if depth == 0 {
			return nil
		}
		tag, err := w.varint()
		if err != nil {
			return err
		}
		kind = int(tag & 7)
	}
}
