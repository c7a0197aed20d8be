//go:build !unix

package secret

import "io/fs"

// checksModes: the mode of a file says nothing of who may read it.
const checksModes = false

func ownerOf(fs.FileInfo) (uid int, known bool) { return 0, false }
