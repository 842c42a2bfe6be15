package sqs

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// The log is a sequence of frames. A frame is the payload length and the
// CRC-32C of the payload, 4 bytes each in big-endian order, and the payload:
// JSON records, one per line. Each frame is written with one sync, so a crash
// can leave only the last frame incomplete.
const (
	logName        = "sqs.log"
	frameHeader    = 8
	maxFrameSize   = 1 << 20  // approximate frame size in a rewritten log
	compactMinSize = 16 << 20 // a smaller log is not compacted
	compactGrowth  = 3        // the log is compacted when it is this many times its size after the last rewrite
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journal writes records to the log. Records that arrive during a sync are
// written together afterwards. All methods accept a nil journal, which stores
// nothing and never waits.
type journal struct {
	dir      string
	lock     *os.File
	logger   *slog.Logger
	snapshot func(take func()) []record // returns the complete state; calls take at the same moment, under the state's lock
	wake     chan struct{}              // signals pending records; closed by closeLog
	done     chan struct{}              // closed when the writer has ended

	file                *os.File // file and sizes are used by the writer only
	size, rewrittenSize int64

	mu                sync.Mutex
	synced            *sync.Cond // broadcasts when durable or err changes
	pending           []record
	appended, durable uint64 // numbers of records
	err               error  // first write error; after it no operation succeeds
}

func openJournal(dir string, log *slog.Logger, apply func(record) error, cut func(take func()) []record) (_ *journal, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j := &journal{dir: dir, logger: log, snapshot: cut, wake: make(chan struct{}, 1), done: make(chan struct{})}
	j.synced = sync.NewCond(&j.mu)
	j.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the caller's own folder
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = j.unlockDir()
		}
	}()
	if err := syscall.Flock(int(j.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock folder, another server may use it: %w", err)
	}
	if err := j.replayLog(apply); err != nil {
		return nil, fmt.Errorf("replay the log: %w", err)
	}
	if err := j.rewriteLog(cut(func() {})); err != nil {
		return nil, fmt.Errorf("rewrite the log: %w", err)
	}
	go j.writePending()
	return j, nil
}

func (j *journal) logPath() string { return filepath.Join(j.dir, logName) }

// replayLog calls apply for each record of the log. An incomplete last frame
// was never acknowledged and is dropped. A damaged frame before it is an error,
// because acknowledged records follow it.
func (j *journal) replayLog(apply func(record) error) error {
	f, err := os.Open(j.logPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(f, 1<<20)
	for at := int64(0); at < info.Size(); {
		payload, err := readFrame(in, info.Size()-at)
		if errors.Is(err, errIncompleteFrame) {
			j.logger.Warn("dropped an incomplete frame at the end of the log", "file", j.logPath(), "bytes", info.Size()-at)
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s is damaged at byte %d: %w", j.logPath(), at, err)
		}
		at += frameHeader + int64(len(payload))
		for dec := json.NewDecoder(bytes.NewReader(payload)); dec.More(); {
			var r record
			if err := dec.Decode(&r); err != nil {
				return fmt.Errorf("%s before byte %d: %w", j.logPath(), at, err)
			}
			if err := apply(r); err != nil {
				return fmt.Errorf("%s before byte %d: %w", j.logPath(), at, err)
			}
		}
	}
	return nil
}

var errIncompleteFrame = errors.New("incomplete frame")

// readFrame returns the payload of the next frame. left is the number of bytes
// up to the end of the file.
func readFrame(in io.Reader, left int64) ([]byte, error) {
	var head [frameHeader]byte
	if left < frameHeader {
		return nil, errIncompleteFrame
	}
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, fmt.Errorf("read the header of a frame: %w", err)
	}
	length := int64(binary.BigEndian.Uint32(head[:]))
	if length == 0 || length > left-frameHeader {
		return nil, errIncompleteFrame
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(in, payload); err != nil {
		return nil, fmt.Errorf("read a frame of %d bytes: %w", length, err)
	}
	if crc32.Checksum(payload, castagnoli) == binary.BigEndian.Uint32(head[4:]) {
		return payload, nil
	}
	if length == left-frameHeader {
		return nil, errIncompleteFrame
	}
	return nil, errors.New("checksum does not match")
}

// appendRecord queues a record for the writer. The caller must hold the state's
// lock, so that records are in the order of the changes.
func (j *journal) appendRecord(r record) {
	if j == nil {
		return
	}
	j.mu.Lock()
	j.pending = append(j.pending, r)
	j.appended++
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// appendedCount returns the number of records appended so far, for waitDurable.
func (j *journal) appendedCount() uint64 {
	if j == nil {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.appended
}

// waitDurable waits until the first at records are on disk. It returns the
// write error if there is one.
func (j *journal) waitDurable(at uint64) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.durable < at && j.err == nil {
		j.synced.Wait()
	}
	return j.err
}

// closeLog writes the pending records and releases the folder. No record may be
// appended during or after it.
func (j *journal) closeLog() error {
	if j == nil {
		return nil
	}
	close(j.wake)
	<-j.done
	return errors.Join(j.err, j.file.Close(), j.unlockDir())
}

// unlockDir unlocks explicitly instead of only closing the file: a child
// process that is being started holds a copy of the descriptor and would keep
// the lock.
func (j *journal) unlockDir() error {
	return errors.Join(syscall.Flock(int(j.lock.Fd()), syscall.LOCK_UN), j.lock.Close())
}

func (j *journal) writePending() {
	defer close(j.done)
	for range j.wake {
		j.mu.Lock()
		batch := j.pending
		at := j.appended
		j.pending = nil
		j.mu.Unlock()
		if len(batch) > 0 {
			j.finishWrite(at, j.writeFrame(batch))
		}
		if j.size > max(compactMinSize, compactGrowth*j.rewrittenSize) {
			j.compactLog()
		}
	}
}

// compactLog replaces the log with the state in memory. Records that are
// pending at that moment are part of the state; records appended during the
// rewrite are written after it.
func (j *journal) compactLog() {
	var at uint64
	state := j.snapshot(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.pending = nil
		at = j.appended
	})
	before := j.size
	err := j.rewriteLog(state)
	j.finishWrite(at, err)
	if err == nil {
		j.logger.Debug("compacted the log of the queues", "from", before, "to", j.size)
	}
}

func (j *journal) finishWrite(at uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil && j.err == nil {
		j.err = fmt.Errorf("write log of the queues: %w", err)
		j.logger.Error("cannot write the log of the queues, restart after fixing the disk", "err", err)
	}
	if j.err == nil {
		j.durable = at
	}
	j.synced.Broadcast()
}

// writeFrame writes one frame and syncs it.
func (j *journal) writeFrame(batch []record) error {
	frame, err := encodeFrame(batch)
	if err != nil {
		return err
	}
	if j.err != nil { // replayLog would not find a frame after an incomplete one
		return j.err
	}
	n, err := j.file.Write(frame)
	j.size += int64(n)
	if err != nil {
		return err
	}
	return j.file.Sync()
}

func encodeFrame(batch []record) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, frameHeader))
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, r := range batch {
		if err := enc.Encode(r); err != nil {
			return nil, fmt.Errorf("encode a record: %w", err)
		}
	}
	frame := b.Bytes()
	payload := frame[frameHeader:]
	binary.BigEndian.PutUint32(frame, uint32(len(payload))) //nolint:gosec // a frame is far below 4 GiB
	binary.BigEndian.PutUint32(frame[4:], crc32.Checksum(payload, castagnoli))
	return frame, nil
}

// rewriteLog atomically replaces the log with one that holds only these
// records.
func (j *journal) rewriteLog(state []record) error {
	name := j.logPath() + ".new"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the caller's own folder
	if err != nil {
		return err
	}
	size, err := writeFrames(f, state)
	err = errors.Join(err, f.Sync())
	if err == nil {
		err = os.Rename(name, j.logPath())
	}
	if err == nil {
		err = syncDir(j.dir)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if j.file != nil {
		_ = j.file.Close()
	}
	j.file = f
	j.size = size
	j.rewrittenSize = size
	return nil
}

func writeFrames(w io.Writer, state []record) (size int64, err error) {
	for len(state) > 0 {
		n := 0
		room := maxFrameSize
		for ; n < len(state) && room > 0; n++ {
			room -= state[n].logBytes()
		}
		frame, err := encodeFrame(state[:n])
		if err != nil {
			return size, err
		}
		if _, err := w.Write(frame); err != nil {
			return size, err
		}
		size += int64(len(frame))
		state = state[n:]
	}
	return size, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the caller's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
