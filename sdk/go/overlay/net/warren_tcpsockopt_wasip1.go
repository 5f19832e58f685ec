//go:build wasip1

package net

import "time"

// A guest's end of a connection lies in memory: nothing is held back there, and that a peer has gone is known. The host's own end
// has both options set.

func setNoDelay(fd *netFD, noDelay bool) error {
	return nil
}

func setKeepAliveIdle(fd *netFD, d time.Duration) error {
	return nil
}

func setKeepAliveInterval(fd *netFD, d time.Duration) error {
	return nil
}

func setKeepAliveCount(fd *netFD, n int) error {
	return nil
}

// Of Go before 1.23.
func setKeepAlivePeriod(fd *netFD, d time.Duration) error {
	return nil
}
