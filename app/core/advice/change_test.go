package advice

import (
	"math"
	"testing"
	"time"

	"weightroom/backend"
)

func TestAChangeComparesTheSameModelsBeforeAndAfter(t *testing.T) {
	october := time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC)
	drive := func(i int, engine, machine string, speed float64) backend.Drive {
		ref := fittingDrives()[i]
		return backend.Drive{
			Model: ref[0], Quant: ref[1], Source: backend.SourceTestDrive, TokensPerSecond: speed, Spread: 0.01,
			Engine: engine, Machine: machine, Power: string(here.power), Device: "cpu", At: october,
		}
	}
	before := []backend.Drive{drive(0, "0", here.machine, 100), drive(1, "0", here.machine, 50), drive(2, "0", here.machine, 25)}
	now := []backend.Drive{drive(0, here.engine, here.machine, 88), drive(1, here.engine, here.machine, 43), drive(2, here.engine, here.machine, 22.5)}
	elsewhere := []backend.Drive{drive(0, here.engine, "Intel Core i7-8550U|8|16 GiB", 44), drive(1, here.engine, "Intel Core i7-8550U|8|16 GiB", 22)}
	driver := []backend.Drive{drive(0, here.engine, here.machine+"|Card 550.1", 100), drive(1, here.engine, here.machine+"|Card 550.1", 50), drive(2, here.engine, here.machine+"|Card 550.1", 25)}
	disturbed := drive(1, here.engine, here.machine, 4)
	disturbed.Disturbed = true
	battery := drive(2, here.engine, here.machine, 4)
	battery.Power = "battery"

	for _, c := range []struct {
		name  string
		runs  []backend.Drive
		want  Change
		known bool
	}{
		{"nothing was before", now, Change{}, false},
		{"nothing was measured since", before, Change{}, false},
		{"one model alone may be an accident", append(clone(before), now[0]), Change{}, false},
		{
			"another engine", append(clone(before), now...),
			Change{Speed: 0.88, Error: 0.0227, Models: 3, Before: october, Engine: "0"}, true,
		},
		{
			"what disturbed or a battery slowed counts for nothing", append(append(clone(before), now...), disturbed, battery),
			Change{Speed: 0.88, Error: 0.0227, Models: 3, Before: october, Engine: "0"}, true,
		},
		{
			"another machine, as far as its models go", append(clone(elsewhere), now...),
			Change{Speed: 1.977, Error: 0.0142, Models: 2, Before: october, Computer: "Intel Core i7-8550U"}, true,
		},
		{
			"another driver of a graphics processor", append(clone(driver), now...),
			Change{Speed: 0.88, Error: 0.0227, Models: 3, Before: october, Graphics: true}, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, known := changeOf(here, c.runs)
			if known != c.known || math.Abs(got.Speed-c.want.Speed) > 0.001 || math.Abs(got.Error-c.want.Error) > 0.0005 ||
				got.Models != c.want.Models || got.Engine != c.want.Engine || got.Computer != c.want.Computer || got.Graphics != c.want.Graphics || !got.Before.Equal(c.want.Before) {
				t.Errorf("%+v, %v; want %+v, %v", got, known, c.want, c.known)
			}
		})
	}
}

func clone(runs []backend.Drive) []backend.Drive { return append([]backend.Drive(nil), runs...) }
