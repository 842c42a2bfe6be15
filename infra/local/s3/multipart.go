package s3

import (
	"crypto/md5" //nolint:gosec // an ETag is an MD5
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// upload describes an unfinished multipart upload. It is stored in the folder of the upload, beside the parts. Every call reads
// the folder, so a kill loses nothing.
type upload struct {
	Bucket  string            `json:"bucket"`
	Key     string            `json:"key"`
	Header  map[string]string `json:"header"`
	Started time.Time         `json:"started"`
}

const uploadFile = "upload.json"

func partFileName(number int) string { return fmt.Sprintf("%05d.part", number) }

func (b *backend) CreateMultipartUpload(bucket, key string, header map[string]string) (gofakes3.UploadID, error) {
	id := rand.Text()
	description, err := json.Marshal(upload{Bucket: bucket, Key: key, Header: objectHeader(header), Started: time.Now()})
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(b.files.path("uploads", id), 0o700); err != nil {
		return "", err
	}
	tmp, err := b.files.writeTemp(func(w io.Writer) error {
		_, err := w.Write(description)
		return err
	})
	if err != nil {
		return "", err
	}
	return gofakes3.UploadID(id), moveFile(tmp, b.files.path("uploads", id, uploadFile))
}

func (b *backend) UploadPart(
	bucket, key string, id gofakes3.UploadID, number int, size int64, content io.Reader,
) (string, error) {
	if _, err := b.findUpload(bucket, key, id); err != nil {
		return "", err
	}
	sum := md5.New() //nolint:gosec // an ETag is one
	tmp, err := b.files.writeTemp(func(w io.Writer) error {
		_, err := copySize(io.MultiWriter(w, sum), content, size)
		return err
	})
	if err != nil {
		return "", err
	}
	return `"` + hex.EncodeToString(sum.Sum(nil)) + `"`, moveFile(tmp, b.files.path("uploads", string(id), partFileName(number)))
}

func (b *backend) AbortMultipartUpload(bucket, key string, id gofakes3.UploadID) error {
	if _, err := b.findUpload(bucket, key, id); err != nil {
		return err
	}
	return os.RemoveAll(b.files.path("uploads", string(id)))
}

// CompleteMultipartUpload creates the object from the parts in the request. Its ETag is the MD5 of the whole object. S3 computes
// another ETag from the parts, but clients treat that as opaque.
func (b *backend) CompleteMultipartUpload(
	bucket, key string, id gofakes3.UploadID, request *gofakes3.CompleteMultipartUploadRequest,
) (gofakes3.VersionID, string, error) {
	u, err := b.findUpload(bucket, key, id)
	if err != nil {
		return "", "", err
	}
	if len(request.Parts) == 0 {
		return "", "", gofakes3.ErrMalformedXML
	}
	byNumber := func(a, b gofakes3.CompletedPart) int { return a.PartNumber - b.PartNumber }
	if !slices.IsSortedFunc(request.Parts, byNumber) {
		return "", "", gofakes3.ErrInvalidPartOrder
	}
	whole := &partReader{dir: b.files.path("uploads", string(id)), left: request.Parts, room: b.max}
	defer whole.closeFile()
	o, err := b.storeAndNotify(eventMultipart, bucket, key, func() (*object, error) {
		return b.files.putObject(bucket, key, u.Header, whole, -1, nil)
	})
	if err != nil {
		return "", "", err
	}
	return "", `"` + o.etag() + `"`, os.RemoveAll(whole.dir)
}

// partReader is a reader of the parts of an upload, in order. It fails if a part does not have the ETag of the request.
type partReader struct {
	dir  string
	left []gofakes3.CompletedPart
	room int64 // bytes left until the size limit

	file *os.File
	sum  hash.Hash
}

func (p *partReader) Read(buf []byte) (int, error) {
	for {
		if p.file == nil {
			if len(p.left) == 0 {
				return 0, io.EOF
			}
			file, err := os.Open(filepath.Join(p.dir, partFileName(p.left[0].PartNumber)))
			if err != nil {
				return 0, gofakes3.ErrInvalidPart
			}
			p.file = file
			p.sum = md5.New() //nolint:gosec // an ETag is an MD5
		}
		n, err := p.file.Read(buf)
		_, _ = p.sum.Write(buf[:n])
		if p.room -= int64(n); p.room < 0 {
			return 0, gofakes3.ErrorMessage(gofakes3.ErrInvalidArgument, tooLargeMessage)
		}
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if strings.Trim(p.left[0].ETag, `"`) != hex.EncodeToString(p.sum.Sum(nil)) {
			return 0, gofakes3.ErrInvalidPart
		}
		p.closeFile()
		p.left = p.left[1:]
		if n > 0 {
			return n, nil
		}
	}
}

func (p *partReader) closeFile() {
	if p.file != nil {
		_ = p.file.Close()
		p.file = nil
	}
}

func (b *backend) ListParts(
	bucket, key string, id gofakes3.UploadID, after int, limit int64,
) (*gofakes3.ListMultipartUploadPartsResult, error) {
	if _, err := b.findUpload(bucket, key, id); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(b.files.path("uploads", string(id), "*.part")) // sorted
	if err != nil {
		return nil, err
	}
	result := &gofakes3.ListMultipartUploadPartsResult{
		Bucket: bucket, Key: key, UploadID: id, PartNumberMarker: after, MaxParts: limit, StorageClass: "STANDARD",
	}
	for _, name := range names {
		var part gofakes3.ListMultipartUploadPartItem
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.part", &part.PartNumber); err != nil || part.PartNumber <= after {
			continue
		}
		if int64(len(result.Parts)) == limit {
			result.IsTruncated = true
			result.NextPartNumberMarker = result.Parts[limit-1].PartNumber
			break
		}
		content, err := os.ReadFile(name) //nolint:gosec // the path is ours
		if err != nil {
			return nil, err
		}
		sum := md5.Sum(content) //nolint:gosec // an ETag is an MD5
		part.ETag = `"` + hex.EncodeToString(sum[:]) + `"`
		part.Size = int64(len(content))
		result.Parts = append(result.Parts, part)
	}
	return result, nil
}

// ListMultipartUploads returns all uploads of the bucket on one page, because the stack has only a few.
func (b *backend) ListMultipartUploads(
	bucket string, _ *gofakes3.UploadListMarker, prefix gofakes3.Prefix, limit int64,
) (*gofakes3.ListMultipartUploadsResult, error) {
	entries, err := os.ReadDir(b.files.path("uploads"))
	if err != nil {
		return nil, err
	}
	result := &gofakes3.ListMultipartUploadsResult{Bucket: bucket, Prefix: prefix.Prefix, MaxUploads: limit}
	for _, entry := range entries {
		u, err := b.readUpload(entry.Name())
		if err != nil || u.Bucket != bucket || !strings.HasPrefix(u.Key, prefix.Prefix) {
			continue
		}
		result.Uploads = append(result.Uploads, gofakes3.ListMultipartUploadItem{
			Key: u.Key, UploadID: gofakes3.UploadID(entry.Name()), StorageClass: "STANDARD",
			Initiated: gofakes3.NewContentTime(u.Started),
		})
	}
	slices.SortStableFunc(result.Uploads, func(a, b gofakes3.ListMultipartUploadItem) int { return strings.Compare(a.Key, b.Key) })
	return result, nil
}

func (b *backend) findUpload(bucket, key string, id gofakes3.UploadID) (upload, error) {
	u, err := b.readUpload(string(id))
	if err != nil || u.Bucket != bucket || u.Key != key {
		return upload{}, gofakes3.ErrNoSuchUpload
	}
	return u, nil
}

func (b *backend) readUpload(id string) (upload, error) {
	if strings.ContainsAny(id, `/\.`) { // the id is client input and becomes part of a path
		return upload{}, gofakes3.ErrNoSuchUpload
	}
	content, err := os.ReadFile(b.files.path("uploads", id, uploadFile))
	if err != nil {
		return upload{}, err
	}
	var u upload
	return u, json.Unmarshal(content, &u)
}
