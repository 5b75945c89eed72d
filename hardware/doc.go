// Package hardware says what this machine is: processor, memory and its speed, graphics processors, disk, container.
//
// [Detect] reads everything once, [ReadMemory] only what changes from second to second, [ReadCPU] the processor and how
// many threads work for a model on it, [ReadGPUs] only the graphics processors, and [Bandwidth] measures how fast main
// memory is read, which bounds token generation on a CPU. [Merge] joins the vendors' facts about graphics processors with
// what an inference engine reports.
//
// Figures are what this process may use: inside a container with a limit of 8 GB a machine with 64 GB has 8. Sizes are
// bytes, rates bytes per second. A source that fails never fails a detection: it becomes a [Note], a sentence with a
// next step, and the figure stays at its zero value, which means unknown.
//
// Everything is read below [Options.Root] and through [Options.Run], so a recorded machine is as good as a real one.
//
// Where to look: machine.go has the types, probe.go what each system is asked, detect.go the order of things, notes.go
// what a person is told. linux_cpu.go, linux_memory.go and linux_identity.go read /proc and /sys, cgroup.go the limits
// of containers; linux_gpu.go with nvidia.go, amd.go and intel.go the graphics processors; apple.go and windows.go the
// tables of those systems; merge.go joins the engine's view; threads.go counts threads; bandwidth.go measures. The parsers
// of every system compile on every system.
package hardware
