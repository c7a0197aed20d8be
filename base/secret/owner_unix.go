//go:build unix

package secret

import (
	"io/fs"
	"syscall"
)

// checksModes: the mode of a file says who may read it.
const checksModes = true

// withoutWaiting opens a pipe without waiting for who writes to it.
const withoutWaiting = syscall.O_NONBLOCK

func ownerOf(info fs.FileInfo) (uid int, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
