//go:build unix

package redshift

import "syscall"

// gone reports whether the peer has closed the connection, without waiting. encrypted connections may hold bytes that
// are no answer; on plain ones bytes that nobody asked for mean that the two sides disagree.
func (l *link) gone(encrypted bool) bool {
	raw, err := l.SyscallConn()
	if err != nil {
		return false // not a socket of the system: the first read will tell
	}
	lost := false
	err = raw.Control(func(fd uintptr) { // Read would wait for the driver, which may be reading in the background
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EAGAIN, err == syscall.EINTR: //nolint:errorlint // errno as it comes
		case err != nil, n == 0:
			lost = true
		default:
			lost = !encrypted
		}
	})
	return lost || err != nil
}
