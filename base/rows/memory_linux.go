package rows

import (
	"syscall"
	"unsafe"
)

const hugePage = 2 << 20

// advise asks for large pages under memory that is about to be written for the first time: taking hundreds of megabytes
// in pages of 4 kB costs more than filling them. A kernel that refuses changes nothing but the time.
func advise(p unsafe.Pointer, size uintptr) {
	from := (uintptr(p) + hugePage - 1) &^ (hugePage - 1)
	skip := from - uintptr(p)
	if size < skip+hugePage {
		return
	}
	length := (size - skip) &^ (hugePage - 1)
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(p, skip)), length), syscall.MADV_HUGEPAGE)
}
