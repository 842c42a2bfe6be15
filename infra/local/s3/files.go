package s3

import (
	"crypto/md5" //nolint:gosec // an ETag is one
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// files stores objects on disk and has an index of them in memory.
//
//	buckets/<bucket>/<hash of the key>   content, then the description (object) as JSON, then the length of the JSON in 8 bytes
//	uploads/<id>/                        the parts of a multipart upload
//	tmp/                                 files that are not complete yet
//
// A file is written in tmp, synced and then renamed, so every file under buckets is complete. The description is after the
// content because its checksums are known last.
type files struct {
	dir string

	mu      sync.RWMutex // held while index and folder change together
	buckets map[string]map[string]*object
}

// object describes an object; the content is only on disk.
type object struct {
	Key      string            `json:"key"`
	Size     int64             `json:"size"`
	MD5      []byte            `json:"md5"`
	CRC32    []byte            `json:"crc32"`
	Modified time.Time         `json:"modified"`
	Header   map[string]string `json:"header"` // from the put, returned with the object
}

func (o *object) etag() string { return hex.EncodeToString(o.MD5) }

// header returns the response headers for the whole object.
func (o *object) header() map[string]string {
	h := maps.Clone(o.Header)
	h["Last-Modified"] = o.Modified.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	h["X-Amz-Checksum-Crc32"] = base64.StdEncoding.EncodeToString(o.CRC32)
	h["X-Amz-Checksum-Type"] = "FULL_OBJECT"
	return h
}

func openFiles(dir string) (*files, error) {
	f := &files{dir: dir, buckets: map[string]map[string]*object{}}
	if err := os.RemoveAll(f.path("tmp")); err != nil {
		return nil, err
	}
	for _, sub := range []string{"buckets", "uploads", "tmp"} {
		if err := os.MkdirAll(f.path(sub), 0o700); err != nil {
			return nil, err
		}
	}
	buckets, err := os.ReadDir(f.path("buckets"))
	if err != nil {
		return nil, err
	}
	for _, bucket := range buckets {
		if f.buckets[bucket.Name()], err = readBucket(f.path("buckets", bucket.Name())); err != nil {
			return nil, fmt.Errorf("bucket %s: %w", bucket.Name(), err)
		}
	}
	return f, nil
}

func readBucket(dir string) (map[string]*object, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	objects := make(map[string]*object, len(entries))
	for _, entry := range entries {
		o, err := readObject(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		objects[o.Key] = o
	}
	return objects, nil
}

// readObject reads the description at the end of an object's file.
func readObject(path string) (*object, error) {
	f, err := os.Open(path) //nolint:gosec // the path is ours
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var length [8]byte
	if _, err := f.Seek(-int64(len(length)), io.SeekEnd); err != nil {
		return nil, fmt.Errorf("find the length of its description: %w", err)
	}
	if _, err := io.ReadFull(f, length[:]); err != nil {
		return nil, fmt.Errorf("read the length of its description: %w", err)
	}
	n := int64(binary.BigEndian.Uint64(length[:])) //nolint:gosec // we wrote it
	if _, err := f.Seek(-n-int64(len(length)), io.SeekEnd); err != nil {
		return nil, fmt.Errorf("find its description: %w", err)
	}
	var o object
	if err := json.NewDecoder(io.LimitReader(f, n)).Decode(&o); err != nil {
		return nil, fmt.Errorf("decode its description: %w", err)
	}
	return &o, nil
}

func (f *files) createBucket(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buckets[name] != nil {
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
	}
	if err := os.MkdirAll(f.path("buckets", name), 0o700); err != nil {
		return err
	}
	f.buckets[name] = map[string]*object{}
	return syncFolder(f.path("buckets"))
}

func (f *files) deleteBucket(name string, force bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buckets[name] == nil {
		return gofakes3.BucketNotFound(name)
	}
	if len(f.buckets[name]) > 0 && !force {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	if err := os.RemoveAll(f.path("buckets", name)); err != nil {
		return err
	}
	delete(f.buckets, name)
	return syncFolder(f.path("buckets"))
}

// putObject stores an object of size bytes; a negative size accepts any length. If allow is not nil, it gets the existing object
// (or nil) and can refuse the put with an error. No other change happens between allow and the write.
func (f *files) putObject(
	bucket, key string, header map[string]string, content io.Reader, size int64, allow func(*object) error,
) (*object, error) {
	o := &object{Key: key, Modified: time.Now(), Header: header}
	tmp, err := f.writeTemp(func(w io.Writer) error { return o.writeTo(w, content, size) })
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(tmp) }() // fails after the rename, which is fine

	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buckets[bucket] == nil {
		return nil, gofakes3.BucketNotFound(bucket)
	}
	if allow != nil {
		if err := allow(f.buckets[bucket][key]); err != nil {
			return nil, err
		}
	}
	if err := moveFile(tmp, f.objectPath(bucket, key)); err != nil {
		return nil, err
	}
	f.buckets[bucket][key] = o
	return o, nil
}

// writeTo writes the content and then the description o. It sets the size and the checksums of o.
func (o *object) writeTo(w io.Writer, content io.Reader, size int64) (err error) {
	sum := md5.New() //nolint:gosec // an ETag is an MD5
	crc := crc32.NewIEEE()
	if o.Size, err = copySize(io.MultiWriter(w, sum, crc), content, size); err != nil {
		return err
	}
	o.MD5 = sum.Sum(nil)
	o.CRC32 = crc.Sum(nil)
	description, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encode the description of an object: %w", err)
	}
	_, err = w.Write(binary.BigEndian.AppendUint64(description, uint64(len(description))))
	return err
}

// openObject returns an object and its content. The caller closes the content.
func (f *files) openObject(bucket, key string) (*object, *os.File, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	o, err := f.findObject(bucket, key)
	if err != nil {
		return nil, nil, err
	}
	content, err := os.Open(f.objectPath(bucket, key))
	return o, content, err
}

func (f *files) headObject(bucket, key string) (*object, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.findObject(bucket, key)
}

func (f *files) findObject(bucket, key string) (*object, error) {
	if f.buckets[bucket] == nil {
		return nil, gofakes3.BucketNotFound(bucket)
	}
	if o := f.buckets[bucket][key]; o != nil {
		return o, nil
	}
	return nil, gofakes3.KeyNotFound(key)
}

func (f *files) deleteObject(bucket, key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buckets[bucket] == nil {
		return gofakes3.BucketNotFound(bucket)
	}
	path := f.objectPath(bucket, key)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	delete(f.buckets[bucket], key)
	return syncFolder(filepath.Dir(path))
}

// listObjects returns the objects of a bucket, ordered by key.
func (f *files) listObjects(bucket string) ([]*object, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.buckets[bucket] == nil {
		return nil, gofakes3.BucketNotFound(bucket)
	}
	objects := make([]*object, 0, len(f.buckets[bucket]))
	for _, key := range slices.Sorted(maps.Keys(f.buckets[bucket])) {
		objects = append(objects, f.buckets[bucket][key])
	}
	return objects, nil
}

// objectPath returns the file of an object. Its name is a hash of the key, because a key can be longer than a file name, can
// look like a path, and can differ from another key in case only.
func (f *files) objectPath(bucket, key string) string {
	hash := sha256.Sum256([]byte(key))
	return f.path("buckets", bucket, hex.EncodeToString(hash[:]))
}

func (f *files) path(elements ...string) string {
	return filepath.Join(append([]string{f.dir}, elements...)...)
}

// writeTemp creates a file in tmp with the content that fill writes, and syncs it to disk.
func (f *files) writeTemp(fill func(io.Writer) error) (path string, err error) {
	file, err := os.CreateTemp(f.path("tmp"), "")
	if err != nil {
		return "", err
	}
	err = fill(file)
	if err == nil {
		err = file.Sync()
	}
	_ = file.Close() // Sync has reported any error
	if err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// moveFile moves a file of writeTemp to its final path, durably.
func moveFile(tmp, path string) error {
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// copySize copies exactly size bytes, or all bytes if size is negative.
func copySize(to io.Writer, from io.Reader, size int64) (int64, error) {
	n, err := io.Copy(to, from)
	if err == nil && size >= 0 && n != size {
		return n, gofakes3.ErrIncompleteBody
	}
	return n, err
}

// syncFolder makes renames and removals in dir durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the path is ours
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
