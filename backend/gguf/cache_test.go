package gguf

import "testing"

// facts is a file with these facts alone.
func facts(kv []KV, tensors ...Tensor) *File {
	f := &File{Metadata: kv, Tensors: tensors, index: map[string]int{}}
	for i := range kv {
		f.index[kv[i].Key] = i
	}
	return f
}

// What a picture needs is near what the engine's buffers for Gemma 3's projector have to hold: 4,096 patches, 4,304 wide.
func TestPictureBytes(t *testing.T) {
	f := facts([]KV{
		{"general.architecture", "clip"}, {"clip.vision.image_size", uint32(896)}, {"clip.vision.patch_size", uint32(14)},
		{"clip.vision.embedding_length", uint32(1152)}, {"clip.vision.feed_forward_length", uint32(4304)},
	})
	if got := f.PictureBytes(); got < 100e6 || got > 250e6 {
		t.Errorf("%d", got)
	}
	f.Metadata[1].Value = uint32(1 << 31)
	if got := f.PictureBytes(); got != 0 {
		t.Errorf("a picture no machine has: %d", got)
	}
	if got := (&File{}).PictureBytes(); got != 0 {
		t.Errorf("no facts: %d", got)
	}
}

// A window that a file gives counts where the engine heeds it, in every shape that a pattern comes in.
func TestSlidingWindows(t *testing.T) {
	for _, tt := range []struct {
		name, arch string
		pattern    any
		wide       int // layers of 12 that look at everything
	}{
		{"by the architecture's own pattern", "gemma3", nil, 2},
		{"by a number", "cohere2", uint32(3), 4},
		{"by a list of yes and no", "gpt-oss", Array{Kind: KindBool, Len: 12, Values: []bool{true, true, true, true, true, true, true, true, true, true, true, false}}, 1},
		{"by a list of numbers", "olmo2", Array{Len: 12, Values: []uint32{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}}, 6},
		{"the wide one first", "smallthinker", nil, 3},
		{"not where the engine heeds none", "llama", nil, 12},
	} {
		kv := []KV{
			{"general.architecture", tt.arch}, {tt.arch + ".block_count", uint32(12)}, {tt.arch + ".embedding_length", uint32(512)},
			{tt.arch + ".attention.head_count", uint32(8)}, {tt.arch + ".attention.head_count_kv", uint32(2)}, {tt.arch + ".attention.sliding_window", uint32(1024)},
		}
		if tt.pattern != nil {
			kv = append(kv, KV{tt.arch + ".attention.sliding_window_pattern", tt.pattern})
		}
		groups, state := facts(kv).Cache()
		wide, all := 0, 0
		for _, g := range groups {
			all += g.Layers
			if g.Window == 0 {
				wide += g.Layers
			}
			if g.Values != 256 {
				t.Errorf("%s: %+v", tt.name, g)
			}
		}
		if wide != tt.wide || all != 12 || state != 0 {
			t.Errorf("%s: %+v", tt.name, groups)
		}
	}
}

// Numbers that lie are no memory and no crash.
func TestCacheOfHostileNumbers(t *testing.T) {
	f := facts([]KV{
		{"general.architecture", "gemma3"}, {"gemma3.block_count", uint32(3)}, {"gemma3.attention.sliding_window", uint32(512)},
		{"gemma3.attention.sliding_window_pattern", Array{Kind: KindBool, Len: 1, Values: []bool{true}}},
		{"gemma3.nextn_predict_layers", uint32(99)}, {"gemma3.attention.shared_kv_layers", uint32(1 << 31)},
	}, Tensor{Name: "blk.999999.ssm_a"}, Tensor{Name: "blk.-1.attn_k.weight"}, Tensor{Name: "blk.1"})
	if groups, state := f.Cache(); len(groups) != 0 || state != 0 {
		t.Errorf("%+v, %d", groups, state)
	}
}
