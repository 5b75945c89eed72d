package hardware

import (
	"context"
	"strings"
)

// identity reads the firmware's product name and /etc/os-release.
func (l linuxProbe) identity(context.Context) (product, system string) {
	const dmi = "sys/class/dmi/id/"
	product = productName(l.read(dmi+"sys_vendor"), l.read(dmi+"product_name"), l.read(dmi+"product_version"),
		l.read(dmi+"board_vendor"), l.read(dmi+"board_name"))
	if product == "" {
		product = first(l.read("proc/device-tree/model"), field(l.read("proc/cpuinfo"), "Model", ":"))
	}
	release := first(l.read("etc/os-release"), l.read("usr/lib/os-release"))
	system = unquote(field(release, "PRETTY_NAME", "="))
	if system == "" {
		system = strings.TrimSpace(unquote(field(release, "NAME", "=")) + " " + unquote(field(release, "VERSION_ID", "=")))
	}
	if system == "" {
		system = "Linux"
	}
	return product, system
}

// productName chooses among the firmware's strings. Lenovo puts the name people know into the version; makers of
// mainboards leave the product a placeholder, and then the board's name says most.
func productName(vendor, product, version, boardVendor, board string) string {
	product, version = strings.ReplaceAll(product, "_", " "), strings.ReplaceAll(version, "_", " ")
	if strings.EqualFold(vendor, "LENOVO") && meant(version) {
		return version
	}
	if !meant(product) {
		product = ""
		if meant(board) {
			vendor, product = boardVendor, board
		}
	}
	if product == "" {
		return ""
	}
	// MSI's product is the board's number, which its name ends in.
	if name, found := strings.CutSuffix(board, "("+product+")"); found {
		product = strings.TrimSpace(name)
	}
	if maker, _, _ := strings.Cut(vendor, " "); meant(maker) && !strings.Contains(strings.ToLower(product), strings.ToLower(strings.TrimRight(maker, ".,"))) {
		return makerName(maker) + " " + product
	}
	return product
}

// makerName writes a maker's first word as its logo does not: "ASUSTeK" is known as ASUS.
func makerName(word string) string {
	switch word = strings.TrimRight(word, ".,"); strings.ToLower(word) {
	case "asustek":
		return "ASUS"
	case "micro-star":
		return "MSI"
	case "hewlett-packard":
		return "HP"
	}
	return word
}

// meant reports whether a firmware string was filled in.
func meant(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "system product name", "system version", "system manufacturer", "to be filled by o.e.m.", "default string",
		"not applicable", "not specified", "none", "unknown", "o.e.m.", "oem", "invalid", "empty", "0", "n/a":
		return false
	}
	return true
}

func unquote(s string) string {
	return strings.Trim(s, `"'`)
}

// container names what this process runs inside of, most telling source first; empty: nothing.
func (h *host) container() string {
	if h.goos != "linux" {
		return ""
	}
	groups := h.read("proc/self/cgroup") + "\n" + h.read("proc/1/cgroup")
	switch {
	case h.env("KUBERNETES_SERVICE_HOST") != "" || h.exists("var/run/secrets/kubernetes.io") || strings.Contains(groups, "/kubepods"):
		return "kubernetes"
	case h.exists(".flatpak-info"):
		return "flatpak"
	case h.exists("run/.containerenv") || h.exists(".containerenv"):
		return "podman"
	case h.exists(".dockerenv"):
		return "docker"
	}
	// systemd's convention: the manager tells its name in a file or in the first process's environment.
	for _, name := range []string{h.read("run/systemd/container"), h.env("container"), field(strings.ReplaceAll(h.read("proc/1/environ"), "\x00", "\n"), "container", "=")} {
		if name == "oci" {
			return "docker"
		}
		if name != "" {
			return name
		}
	}
	switch {
	case strings.Contains(groups, "/docker"):
		return "docker"
	case strings.Contains(groups, "libpod"):
		return "podman"
	case strings.Contains(groups, "/lxc"), lxcfsOverProc(h.read("proc/self/mountinfo")):
		return "lxc"
	case strings.Contains(strings.ToLower(h.read("proc/sys/kernel/osrelease")), "microsoft"):
		return "wsl"
	}
	return ""
}

// lxcfsOverProc reports whether files of /proc are replaced by a container's view of them. The machine that serves the
// view has lxcfs mounted too, but elsewhere.
func lxcfsOverProc(mounts string) bool {
	for line := range strings.Lines(mounts) {
		if strings.Contains(line, " /proc/") && strings.Contains(line, "lxcfs") {
			return true
		}
	}
	return false
}
