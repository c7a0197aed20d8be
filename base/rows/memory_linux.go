package rows

import (
	"syscall"
	"unsafe"
)

const hugePage = 2 << 20

// advise asks for large pages under memory that is about to be written for the first time: taking hundreds of megabytes
// in pages of 4 kB costs more than filling them. A kernel that refuses changes nothing but the time.
func advise(p unsafe.Pointer, size uintptr) {
	if whole := aligned(p, size, hugePage); whole != nil {
		_ = syscall.Madvise(whole, syscall.MADV_HUGEPAGE)
	}
}

// giveBack lets the system take the memory of values that nobody reads any more, before the collector does; it reads as
// zeros from then on. What is written for the first time next gets these pages, which is cheaper than others, and twice
// the memory is never taken.
func giveBack(p unsafe.Pointer, size uintptr) {
	if whole := aligned(p, size, uintptr(syscall.Getpagesize())); whole != nil {
		_ = syscall.Madvise(whole, syscall.MADV_DONTNEED)
	}
}

// aligned is the whole pages within the memory; nil if there is none.
func aligned(p unsafe.Pointer, size, page uintptr) []byte {
	from := (uintptr(p) + page - 1) &^ (page - 1)
	skip := from - uintptr(p)
	if size < skip+page {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(p, skip)), (size-skip)&^(page-1))
}
