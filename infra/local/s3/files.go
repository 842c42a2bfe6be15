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

// files are the objects on disk, and an index of them in memory.
//
//	buckets/<bucket>/<hash of the key>   content, then the object as JSON, then the length of that JSON in 8 bytes
//	uploads/<id>/                        the parts of a multipart upload
//	tmp/                                 what is being written
//
// A file is written in tmp, synced and renamed, so that one below buckets is whole. The description lies behind the content
// because the sums in it are known last.
type files struct {
	dir string

	mu      sync.RWMutex // held over index and folder together
	buckets map[string]map[string]*object
}

// object is what is known of an object besides its content.
type object struct {
	Key      string            `json:"key"`
	Size     int64             `json:"size"`
	MD5      []byte            `json:"md5"`
	CRC32    []byte            `json:"crc32"`
	Modified time.Time         `json:"modified"`
	Header   map[string]string `json:"header"` // what came with it and is given back
}

func (o *object) etag() string { return hex.EncodeToString(o.MD5) }

// header returns what a reply about the whole object carries.
func (o *object) header() map[string]string {
	h := maps.Clone(o.Header)
	h["Last-Modified"] = o.Modified.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	h["X-Amz-Checksum-Crc32"] = base64.StdEncoding.EncodeToString(o.CRC32)
	h["X-Amz-Checksum-Type"] = "FULL_OBJECT"
	return h
}

func open(dir string) (*files, error) {
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
			return nil, err
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

func readObject(path string) (*object, error) {
	f, err := os.Open(path) //nolint:gosec // a path of ours
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var length [8]byte
	if _, err := f.Seek(-int64(len(length)), io.SeekEnd); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(f, length[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint64(length[:])) //nolint:gosec // we wrote it
	if _, err := f.Seek(-n-int64(len(length)), io.SeekEnd); err != nil {
		return nil, err
	}
	var o object
	return &o, json.NewDecoder(io.LimitReader(f, n)).Decode(&o)
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
	return syncDir(f.path("buckets"))
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
	return syncDir(f.path("buckets"))
}

// put stores an object of size bytes, or of any size below 0. Allow, if not nil, sees the object that is there, nil if none,
// and can refuse; between its word and the write nothing else happens.
func (f *files) put(
	bucket, key string, header map[string]string, content io.Reader, size int64, allow func(*object) error,
) (*object, error) {
	o := &object{Key: key, Modified: time.Now(), Header: header}
	tmp, err := f.temp(func(w io.Writer) error { return o.write(w, content, size) })
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(tmp) }() // which is gone when all went well

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
	if err := place(tmp, f.objectPath(bucket, key)); err != nil {
		return nil, err
	}
	f.buckets[bucket][key] = o
	return o, nil
}

// write writes the content and, behind it, o, whose size and sums it fills in.
func (o *object) write(w io.Writer, content io.Reader, size int64) (err error) {
	sum, crc := md5.New(), crc32.NewIEEE() //nolint:gosec // an ETag is one
	if o.Size, err = copySize(io.MultiWriter(w, sum, crc), content, size); err != nil {
		return err
	}
	o.MD5, o.CRC32 = sum.Sum(nil), crc.Sum(nil)
	description, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = w.Write(binary.BigEndian.AppendUint64(description, uint64(len(description))))
	return err
}

// get returns an object and its content, to be closed.
func (f *files) get(bucket, key string) (*object, *os.File, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	o, err := f.stat(bucket, key)
	if err != nil {
		return nil, nil, err
	}
	content, err := os.Open(f.objectPath(bucket, key))
	return o, content, err
}

func (f *files) head(bucket, key string) (*object, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.stat(bucket, key)
}

func (f *files) stat(bucket, key string) (*object, error) {
	if f.buckets[bucket] == nil {
		return nil, gofakes3.BucketNotFound(bucket)
	}
	if o := f.buckets[bucket][key]; o != nil {
		return o, nil
	}
	return nil, gofakes3.KeyNotFound(key)
}

func (f *files) delete(bucket, key string) error {
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
	return syncDir(filepath.Dir(path))
}

// list returns the objects of a bucket by key.
func (f *files) list(bucket string) ([]*object, error) {
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

// objectPath hashes the key: a key may be longer than a file name, look like a path, and differ from another in case alone.
func (f *files) objectPath(bucket, key string) string {
	hash := sha256.Sum256([]byte(key))
	return f.path("buckets", bucket, hex.EncodeToString(hash[:]))
}

func (f *files) path(elements ...string) string {
	return filepath.Join(append([]string{f.dir}, elements...)...)
}

// temp returns a file that is on the disk with what fill wrote.
func (f *files) temp(fill func(io.Writer) error) (path string, err error) {
	file, err := os.CreateTemp(f.path("tmp"), "")
	if err != nil {
		return "", err
	}
	err = fill(file)
	if err == nil {
		err = file.Sync()
	}
	_ = file.Close() // which can say nothing new after Sync
	if err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// place moves a file that temp made to where it is found, for good.
func place(tmp, path string) error {
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// copySize copies size bytes, or all there are when it is below 0.
func copySize(to io.Writer, from io.Reader, size int64) (int64, error) {
	n, err := io.Copy(to, from)
	if err == nil && size >= 0 && n != size {
		return n, gofakes3.ErrIncompleteBody
	}
	return n, err
}

// syncDir makes a rename, or a removal, in dir last.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // a path of ours
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
