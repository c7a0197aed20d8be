//go:build !linux

package engines

import (
	"errors"
	"os/exec"
	"syscall"
)

var errLinuxOnly = errors.New("the real engines are packaged for Linux only")

func ownGroup(*exec.Cmd) error { return errLinuxOnly }

func signalProcess(int, syscall.Signal) error { return errLinuxOnly }

func killGroup(int) error { return errLinuxOnly }
