package lab

import (
	"time"

	"weightroom/backend"
)

// Prediction is what a quant of a model will be, before anything is made.
type Prediction struct {
	Quant       string     `json:"quant"`
	Bytes       int64      `json:"bytes"`       // of the file
	BitsPer     float64    `json:"bitsPer"`     // bits for each weight, all tensors counted
	NeedsMatrix bool       `json:"needsMatrix"` // llama-quantize refuses it without an importance matrix
	SecondHand  bool       `json:"secondHand"`  // made from a quant, so that its losses come on top
	FallBacks   []FallBack `json:"fallBacks"`   // tensors that can't have the type that the quant means them to have
	Refused     string     `json:"refused"`     // a sentence: why it can't be made; empty: it can
}

// FallBack is a tensor whose width the wanted type does not divide.
type FallBack struct {
	Tensor  string `json:"tensor"`
	Columns int64  `json:"columns"`
	Wanted  string `json:"wanted"` // "q4_K"
	Got     string `json:"got"`    // "q5_0"
}

// DeriveOptions say how a quant is made.
type DeriveOptions struct {
	Quant      string
	MatrixText string // file to take an importance matrix from; empty: none
	Threads    int    // 0: as many as the machine allows
}

// Derivation is the parentage of a derived model. It is kept beside the library.
type Derivation struct {
	Ref          string     `json:"ref"`
	Digest       string     `json:"digest"`
	Quant        string     `json:"quant"`
	Parent       string     `json:"parent"` // reference
	ParentDigest string     `json:"parentDigest"`
	ParentQuant  string     `json:"parentQuant"`
	SecondHand   bool       `json:"secondHand"`
	MatrixText   string     `json:"matrixText"` // name of the text of its importance matrix; empty: none
	MatrixSHA256 string     `json:"matrixSha256"`
	FallBacks    []FallBack `json:"fallBacks"`
	Bytes        int64      `json:"bytes"`
	Seconds      float64    `json:"seconds"`
	Engine       string     `json:"engine"` // llama.cpp's build
	At           time.Time  `json:"at"`
}

// Made is the result of a derivation.
type Made struct {
	Model      backend.Model `json:"model"`
	Derivation Derivation    `json:"derivation"`
	Existed    bool          `json:"existed"` // it was in the library already; nothing was made
}
