//go:build !linux

package rows

import "unsafe"

// advise does nothing here.
func advise(unsafe.Pointer, uintptr) {}

// giveBack does nothing here.
func giveBack(unsafe.Pointer, uintptr) {}
