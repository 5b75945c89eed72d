package hardware

// The codes of notes, so that a page can tell them apart without reading their text.
const (
	NoteMemoryUnknown  = "memory-unknown"
	NoteCPUUnknown     = "cpu-unknown"
	NoteDiskUnknown    = "disk-unknown"
	NoteMemoryLimited  = "memory-limited"
	NoteCPULimited     = "cpu-limited"
	NoteTranslated     = "translated"
	NoteNVIDIATool     = "nvidia-tool-failed"
	NoteNVIDIASlices   = "nvidia-slices-unknown"
	NoteGPUListFailed  = "gpu-list-failed"
	NoteDetectionStuck = "detection-stuck"
)

func failed(code, title, hint string, err error) Note {
	n := Note{Code: code, Title: title, Hint: hint}
	if err != nil {
		n.Detail = err.Error()
	}
	return n
}

func memoryUnknown(err error) Note {
	return failed(NoteMemoryUnknown, "The amount of memory could not be read.",
		"Recommendations need it: give the free memory by hand on the Discover page.", err)
}

func cpuUnknown(err error) Note {
	return failed(NoteCPUUnknown, "The processor's details could not be read.",
		"Models still run; only the description is missing.", err)
}

func diskUnknown(err error) Note {
	return failed(NoteDiskUnknown, "The free space where models live could not be read.",
		"Check that the models folder is on a disk that is connected.", err)
}

func memoryLimited() Note {
	return Note{Code: NoteMemoryLimited, Title: "This process may use less memory than the machine has.",
		Hint: "A container or service limit is in force; raise it to run larger models."}
}

func cpuLimited() Note {
	return Note{Code: NoteCPULimited, Title: "This process may use fewer processor cores than the machine has.",
		Hint: "A container or service limit is in force; raise it for faster answers."}
}

func translated() Note {
	return Note{Code: NoteTranslated, Title: "This is the Intel build, running translated on Apple silicon.",
		Hint: "Install the Apple silicon build: it is several times faster."}
}

func nvidiaToolFailed(err error) Note {
	return failed(NoteNVIDIATool, "NVIDIA's tool could not talk to the driver.",
		"Restart the computer; if that does not help, install NVIDIA's driver again.", err)
}

func nvidiaSlicesUnknown(err error) Note {
	return failed(NoteNVIDIASlices, "The MIG slices of an NVIDIA GPU could not be listed.",
		"Run nvidia-smi -L to see whether any exist.", err)
}

func gpuListFailed(err error) Note {
	return failed(NoteGPUListFailed, "The list of graphics processors could not be read.",
		"GPUs that the engine finds by itself still work.", err)
}

func detectionStuck(what string) Note {
	return Note{Code: NoteDetectionStuck, Title: "Reading about the " + what + " took too long and was stopped.",
		Hint: "Look again when the machine is less busy."}
}
