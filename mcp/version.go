package mcp

import "runtime/debug"

const modulePath = "github.com/fourkites/sources"

// version is that of this module within the program, as the program was built; the protocol wants one of every client.
func version() string {
	const unknown = "devel"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == modulePath && m.Version != "" {
			return m.Version
		}
	}
	return unknown
}
