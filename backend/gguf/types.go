package gguf

import "fmt"

// Kind is the type of a metadata value. The numbers are the file's.
type Kind uint32

// The kinds of metadata, from gguf_type in ggml/include/gguf.h.
const (
	KindUint8 Kind = iota
	KindInt8
	KindUint16
	KindInt16
	KindUint32
	KindInt32
	KindFloat32
	KindBool
	KindString
	KindArray
	KindUint64
	KindInt64
	KindFloat64
)

// Size is how many bytes one value takes, or 0 where the value says so itself (strings, arrays) or the kind is unknown.
func (k Kind) Size() int {
	switch k {
	case KindUint8, KindInt8, KindBool:
		return 1
	case KindUint16, KindInt16:
		return 2
	case KindUint32, KindInt32, KindFloat32:
		return 4
	case KindUint64, KindInt64, KindFloat64:
		return 8
	}
	return 0
}

// String names the kind for people.
func (k Kind) String() string {
	switch k {
	case KindUint8, KindUint16, KindUint32, KindUint64:
		return fmt.Sprintf("unsigned %d-bit number", k.Size()*8)
	case KindInt8, KindInt16, KindInt32, KindInt64:
		return fmt.Sprintf("%d-bit number", k.Size()*8)
	case KindFloat32, KindFloat64:
		return fmt.Sprintf("%d-bit fraction", k.Size()*8)
	case KindBool:
		return "yes or no"
	case KindString:
		return "text"
	case KindArray:
		return "list"
	}
	return fmt.Sprintf("unknown kind %d", uint32(k))
}

// TensorType is how the weights of a tensor are stored. The numbers are the file's.
type TensorType uint32

// The tensor types that are used by name; Info knows them all.
const (
	F32  TensorType = 0
	F16  TensorType = 1
	Q4_0 TensorType = 2
	Q4_1 TensorType = 3
	Q8_0 TensorType = 8
	BF16 TensorType = 30
	Q2_0 TensorType = 42 // the newest
)

// TypeInfo is a row of the table of tensor types: Block weights are stored together in Bytes bytes.
type TypeInfo struct {
	Name  string
	Block int64
	Bytes int64
}

// Info returns the storage of a tensor type. ok is false for a number that no engine knows and for the types that were
// withdrawn (4, 5, 31–33, 36–38). Sizes are those of ggml/src/ggml-common.h, in llama.cpp b10488.
func (t TensorType) Info() (info TypeInfo, ok bool) {
	switch t {
	case 0:
		return TypeInfo{"F32", 1, 4}, true
	case 1:
		return TypeInfo{"F16", 1, 2}, true
	case 2:
		return TypeInfo{"Q4_0", 32, 18}, true
	case 3:
		return TypeInfo{"Q4_1", 32, 20}, true
	case 6:
		return TypeInfo{"Q5_0", 32, 22}, true
	case 7:
		return TypeInfo{"Q5_1", 32, 24}, true
	case 8:
		return TypeInfo{"Q8_0", 32, 34}, true
	case 9:
		return TypeInfo{"Q8_1", 32, 36}, true
	case 10:
		return TypeInfo{"Q2_K", 256, 84}, true
	case 11:
		return TypeInfo{"Q3_K", 256, 110}, true
	case 12:
		return TypeInfo{"Q4_K", 256, 144}, true
	case 13:
		return TypeInfo{"Q5_K", 256, 176}, true
	case 14:
		return TypeInfo{"Q6_K", 256, 210}, true
	case 15:
		return TypeInfo{"Q8_K", 256, 292}, true
	case 16:
		return TypeInfo{"IQ2_XXS", 256, 66}, true
	case 17:
		return TypeInfo{"IQ2_XS", 256, 74}, true
	case 18:
		return TypeInfo{"IQ3_XXS", 256, 98}, true
	case 19:
		return TypeInfo{"IQ1_S", 256, 50}, true
	case 20:
		return TypeInfo{"IQ4_NL", 32, 18}, true
	case 21:
		return TypeInfo{"IQ3_S", 256, 110}, true
	case 22:
		return TypeInfo{"IQ2_S", 256, 82}, true
	case 23:
		return TypeInfo{"IQ4_XS", 256, 136}, true
	case 24:
		return TypeInfo{"I8", 1, 1}, true
	case 25:
		return TypeInfo{"I16", 1, 2}, true
	case 26:
		return TypeInfo{"I32", 1, 4}, true
	case 27:
		return TypeInfo{"I64", 1, 8}, true
	case 28:
		return TypeInfo{"F64", 1, 8}, true
	case 29:
		return TypeInfo{"IQ1_M", 256, 56}, true
	case 30:
		return TypeInfo{"BF16", 1, 2}, true
	case 34:
		return TypeInfo{"TQ1_0", 256, 54}, true
	case 35:
		return TypeInfo{"TQ2_0", 256, 66}, true
	case 39:
		return TypeInfo{"MXFP4", 32, 17}, true
	case 40:
		return TypeInfo{"NVFP4", 64, 36}, true
	case 41:
		return TypeInfo{"Q1_0", 128, 18}, true
	case 42:
		return TypeInfo{"Q2_0", 64, 18}, true
	}
	return TypeInfo{}, false
}

// String returns the type's name as llama.cpp writes it in capitals.
func (t TensorType) String() string {
	if info, ok := t.Info(); ok {
		return info.Name
	}
	return fmt.Sprintf("unknown type %d", uint32(t))
}

// quantName is the name people know for general.file_type (LLAMA_FTYPE in llama.cpp's include/llama.h), in the
// spelling llama-quantize takes. Empty: not a type in use.
func quantName(fileType uint64) string {
	switch fileType &^ 1024 { // LLAMA_FTYPE_GUESSED
	case 0:
		return "F32"
	case 1:
		return "F16"
	case 2:
		return "Q4_0"
	case 3:
		return "Q4_1"
	case 7:
		return "Q8_0"
	case 8:
		return "Q5_0"
	case 9:
		return "Q5_1"
	case 10:
		return "Q2_K"
	case 11:
		return "Q3_K_S"
	case 12:
		return "Q3_K_M"
	case 13:
		return "Q3_K_L"
	case 14:
		return "Q4_K_S"
	case 15:
		return "Q4_K_M"
	case 16:
		return "Q5_K_S"
	case 17:
		return "Q5_K_M"
	case 18:
		return "Q6_K"
	case 19:
		return "IQ2_XXS"
	case 20:
		return "IQ2_XS"
	case 21:
		return "Q2_K_S"
	case 22:
		return "IQ3_XS"
	case 23:
		return "IQ3_XXS"
	case 24:
		return "IQ1_S"
	case 25:
		return "IQ4_NL"
	case 26:
		return "IQ3_S"
	case 27:
		return "IQ3_M"
	case 28:
		return "IQ2_S"
	case 29:
		return "IQ2_M"
	case 30:
		return "IQ4_XS"
	case 31:
		return "IQ1_M"
	case 32:
		return "BF16"
	case 36:
		return "TQ1_0"
	case 37:
		return "TQ2_0"
	case 38:
		return "MXFP4_MOE"
	case 39:
		return "NVFP4"
	case 40:
		return "Q1_0"
	case 41:
		return "Q2_0"
	}
	return ""
}
