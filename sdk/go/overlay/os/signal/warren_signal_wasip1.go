//go:build wasip1

package signal

import (
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// Signals that the host sends, in the place of the runtime's, which for WASI has none and waits for one in a loop that keeps the
// whole program from its network. Go's signal.go is used with its signalWaitUntilIdle, which is the runtime's, called hostSignalsIdle.

//go:wasmimport wasi_snapshot_preview1 warren_signal_open
//go:noescape
func warren_signal_open(fd unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 warren_signal_action
//go:noescape
func warren_signal_action(signal uint32, action uint32) uint32

const (
	actionDefault = 0
	actionIgnore  = 1
	actionCatch   = 2
)

// As on every other system; syscall.Signal has WASI's numbers.
const numSig = 65

var (
	streamOnce sync.Once
	// Nil where the host gave none.
	stream  *os.File
	ignored [numSig]bool
)

func openStream() {
	var fd int32
	if warren_signal_open(unsafe.Pointer(&fd)) != 0 {
		return
	}
	// Else a read would hold up every goroutine.
	syscall.SetNonblock(int(fd), true)
	stream = os.NewFile(uintptr(fd), "signals")
}

func init() {
	watchSignalLoop = func() {
		var buffer [numSig]byte
		for stream != nil {
			n, err := stream.Read(buffer[:])
			if err != nil {
				return
			}
			for _, signal := range buffer[:n] {
				process(syscall.Signal(signal))
			}
		}
	}
}

func signum(sig os.Signal) int {
	if sig, ok := sig.(syscall.Signal); ok && sig >= 0 && sig < numSig {
		return int(sig)
	}
	return -1
}

// Called with the lock of the handlers, as the runtime's are.

func enableSignal(sig int) {
	streamOnce.Do(openStream)
	ignored[sig] = false
	warren_signal_action(uint32(sig), actionCatch)
}

func disableSignal(sig int) {
	ignored[sig] = false
	warren_signal_action(uint32(sig), actionDefault)
}

func ignoreSignal(sig int) {
	ignored[sig] = true
	warren_signal_action(uint32(sig), actionIgnore)
}

func signalIgnored(sig int) bool {
	return ignored[sig]
}

// What came before a signal was disabled is delivered (Stop).
func hostSignalsIdle() {
	if stream == nil {
		return
	}
	connection, err := stream.SyscallConn()
	if err != nil {
		return
	}
	connection.Control(func(fd uintptr) {
		var buffer [numSig]byte
		n, err := syscall.Read(int(fd), buffer[:])
		if err != nil {
			return
		}
		for _, signal := range buffer[:n] {
			process(syscall.Signal(signal))
		}
	})
}
