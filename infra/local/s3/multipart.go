package s3

import (
	"crypto/md5" //nolint:gosec // an ETag is one
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

// upload is a multipart upload under way, as it lies in its folder beside its parts. Every call reads the folder: there is
// nothing that a kill could take.
type upload struct {
	Bucket  string            `json:"bucket"`
	Key     string            `json:"key"`
	Header  map[string]string `json:"header"`
	Started time.Time         `json:"started"`
}

const uploadFile = "upload.json"

func partFile(number int) string { return fmt.Sprintf("%05d.part", number) }

func (b *backend) CreateMultipartUpload(bucket, key string, header map[string]string) (gofakes3.UploadID, error) {
	id := rand.Text()
	description, err := json.Marshal(upload{Bucket: bucket, Key: key, Header: kept(header), Started: time.Now()})
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(b.files.path("uploads", id), 0o700); err != nil {
		return "", err
	}
	tmp, err := b.files.temp(func(w io.Writer) error {
		_, err := w.Write(description)
		return err
	})
	if err != nil {
		return "", err
	}
	return gofakes3.UploadID(id), place(tmp, b.files.path("uploads", id, uploadFile))
}

func (b *backend) UploadPart(
	bucket, key string, id gofakes3.UploadID, number int, size int64, content io.Reader,
) (string, error) {
	if _, err := b.upload(bucket, key, id); err != nil {
		return "", err
	}
	sum := md5.New() //nolint:gosec // an ETag is one
	tmp, err := b.files.temp(func(w io.Writer) error {
		_, err := copySize(io.MultiWriter(w, sum), content, size)
		return err
	})
	if err != nil {
		return "", err
	}
	return `"` + hex.EncodeToString(sum.Sum(nil)) + `"`, place(tmp, b.files.path("uploads", string(id), partFile(number)))
}

func (b *backend) AbortMultipartUpload(bucket, key string, id gofakes3.UploadID) error {
	if _, err := b.upload(bucket, key, id); err != nil {
		return err
	}
	return os.RemoveAll(b.files.path("uploads", string(id)))
}

// CompleteMultipartUpload makes the object of the parts that the request names. Its ETag is that of the whole, where S3 has
// one of the parts: an ETag is opaque there.
func (b *backend) CompleteMultipartUpload(
	bucket, key string, id gofakes3.UploadID, request *gofakes3.CompleteMultipartUploadRequest,
) (gofakes3.VersionID, string, error) {
	u, err := b.upload(bucket, key, id)
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
	whole := &parts{dir: b.files.path("uploads", string(id)), left: request.Parts, room: b.max}
	defer whole.close()
	o, err := b.create(eventMultipart, bucket, key, func() (*object, error) {
		return b.files.put(bucket, key, u.Header, whole, -1, nil)
	})
	if err != nil {
		return "", "", err
	}
	return "", `"` + o.etag() + `"`, os.RemoveAll(whole.dir)
}

// parts reads the parts of an upload one after the other, and checks that each is the one that is meant.
type parts struct {
	dir  string
	left []gofakes3.CompletedPart
	room int64 // bytes that the object may still grow

	file *os.File
	sum  hash.Hash
}

func (p *parts) Read(buf []byte) (int, error) {
	for {
		if p.file == nil {
			if len(p.left) == 0 {
				return 0, io.EOF
			}
			file, err := os.Open(filepath.Join(p.dir, partFile(p.left[0].PartNumber)))
			if err != nil {
				return 0, gofakes3.ErrInvalidPart
			}
			p.file, p.sum = file, md5.New() //nolint:gosec // an ETag is one
		}
		n, err := p.file.Read(buf)
		_, _ = p.sum.Write(buf[:n])
		if p.room -= int64(n); p.room < 0 {
			return 0, gofakes3.ErrorMessage(gofakes3.ErrInvalidArgument, tooLarge)
		}
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if strings.Trim(p.left[0].ETag, `"`) != hex.EncodeToString(p.sum.Sum(nil)) {
			return 0, gofakes3.ErrInvalidPart
		}
		p.close()
		p.left = p.left[1:]
		if n > 0 {
			return n, nil
		}
	}
}

func (p *parts) close() {
	if p.file != nil {
		_ = p.file.Close()
		p.file = nil
	}
}

func (b *backend) ListParts(
	bucket, key string, id gofakes3.UploadID, after int, limit int64,
) (*gofakes3.ListMultipartUploadPartsResult, error) {
	if _, err := b.upload(bucket, key, id); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(b.files.path("uploads", string(id), "*.part")) // in order
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
			result.IsTruncated, result.NextPartNumberMarker = true, result.Parts[limit-1].PartNumber
			break
		}
		content, err := os.ReadFile(name) //nolint:gosec // a path of ours
		if err != nil {
			return nil, err
		}
		sum := md5.Sum(content) //nolint:gosec // an ETag is one
		part.ETag, part.Size = `"`+hex.EncodeToString(sum[:])+`"`, int64(len(content))
		result.Parts = append(result.Parts, part)
	}
	return result, nil
}

// ListMultipartUploads gives all uploads of the bucket on one page: the stack has a handful at most.
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

func (b *backend) upload(bucket, key string, id gofakes3.UploadID) (upload, error) {
	u, err := b.readUpload(string(id))
	if err != nil || u.Bucket != bucket || u.Key != key {
		return upload{}, gofakes3.ErrNoSuchUpload
	}
	return u, nil
}

func (b *backend) readUpload(id string) (upload, error) {
	if strings.ContainsAny(id, `/\.`) { // the id comes from outside, and becomes a path
		return upload{}, gofakes3.ErrNoSuchUpload
	}
	content, err := os.ReadFile(b.files.path("uploads", id, uploadFile))
	if err != nil {
		return upload{}, err
	}
	var u upload
	return u, json.Unmarshal(content, &u)
}
