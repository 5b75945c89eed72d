package models

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"weightroom/backend"
	"weightroom/backend/engine"
)

type verdict struct{ err error }

func (v verdict) CheckTemplate(context.Context, string) error { return v.err }

func TestATemplateIsSaidToBeWrongOnlyWhereTheEngineSaysSo(t *testing.T) {
	for _, c := range []struct {
		name     string
		template ChatTemplate
		err      error
		want     backend.Code
	}{
		{"sound", ChatTemplate{Text: "x"}, nil, ""},
		{"refused", ChatTemplate{Text: "x"}, fmt.Errorf("%w: why", engine.ErrTemplate), backend.CodeUnsupported},
		{"engine not asked", ChatTemplate{Text: "x"}, errors.New("no engine"), ""},
		{"none, with the markers of ChatML", ChatTemplate{ChatML: true}, nil, backend.CodeInvalid},
		{"none, and no markers", ChatTemplate{}, nil, backend.CodeUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got backend.Code
			if bad := c.template.Problem(t.Context(), verdict{c.err}, "Tiny"); bad != nil {
				got = bad.Code
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
