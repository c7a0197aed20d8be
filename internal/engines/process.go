package engines

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is one run of an engine. Its owner is the goroutine of startProcess, which waits for the end.
type process struct {
	pid   int
	ended chan struct{} // closed when the process is gone and was waited for
	err   error         // readable after ended
}

// startProcess starts the command in a process group of its own, so that all of it can be killed, and ties its life
// to this process: should the tests be killed, the kernel kills the engine too.
func startProcess(cmd *exec.Cmd) (*process, error) {
	if err := ownGroup(cmd); err != nil {
		return nil, err
	}
	p := &process{ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel takes the end of the starting thread for the end of the parent: keep the thread until the end.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.err = cmd.Wait()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// stop asks for a clean end, waits, and kills what is left. A process that had to be killed is an error.
func (p *process) stop(patience time.Duration) error { return p.stopBy(syscall.SIGTERM, patience) }

// stopBy is stop with another signal than SIGTERM.
func (p *process) stopBy(ask syscall.Signal, patience time.Duration) error {
	select {
	case <-p.ended:
		return nil
	default:
	}
	if err := signalProcess(p.pid, ask); err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
		return killGroup(p.pid) // children that outlived their parent
	case <-timer.C:
		return errors.Join(fmt.Errorf("process %d did not end within %v of %v", p.pid, patience, ask), p.kill())
	}
}

// kill ends the whole group as a crash would and waits until it is gone.
func (p *process) kill() error {
	if err := killGroup(p.pid); err != nil {
		return err
	}
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case <-p.ended:
		return nil
	case <-timer.C:
		return fmt.Errorf("process %d outlives SIGKILL", p.pid)
	}
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func readTail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return tail(text)
}

// server is a program that can be started once and ended.
type server interface {
	start() error
	end() error
}

// started makes a server and starts it, and tries again where another process took the port between its choice and its use.
func started[S server](create func() (S, error)) (S, error) {
	var problems []error
	for range 3 {
		s, err := create()
		if err != nil {
			return s, errors.Join(append(problems, err)...)
		}
		if err = s.start(); err == nil {
			return s, nil
		}
		problems = append(problems, err, s.end())
	}
	var none S
	return none, errors.Join(problems...)
}
