package engines

import (
	"errors"
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return nil
}

func signalProcess(pid int, signal syscall.Signal) error { return orGone(syscall.Kill(pid, signal)) }

func killGroup(pid int) error { return orGone(syscall.Kill(-pid, syscall.SIGKILL)) }

// orGone takes "no such process" for success: what should end has ended.
func orGone(err error) error {
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
