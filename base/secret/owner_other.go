//go:build !unix

package secret

import "io/fs"

// checksModes: the mode of a file says nothing of who may read it.
const checksModes = false

// withoutWaiting: there are no pipes among the files.
const withoutWaiting = 0

func ownerOf(fs.FileInfo) (uid int, known bool) { return 0, false }
