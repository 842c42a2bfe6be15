package s3

import (
	"io"
	"os"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// backend implements the backend interfaces of gofakes3 with files.
type backend struct{ *Server }

var (
	_ gofakes3.Backend          = (*backend)(nil)
	_ gofakes3.MultipartBackend = (*backend)(nil)
)

func (b *backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	b.files.mu.RLock()
	defer b.files.mu.RUnlock()
	var all gofakes3.Buckets
	for name := range b.files.buckets {
		folder, err := os.Stat(b.files.path("buckets", name))
		if err != nil {
			return nil, err
		}
		all = append(all, gofakes3.BucketInfo{Name: name, CreationDate: gofakes3.NewContentTime(folder.ModTime())})
	}
	slices.SortFunc(all, func(a, b gofakes3.BucketInfo) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (b *backend) CreateBucket(name string) error { return b.files.createBucket(name) }

func (b *backend) BucketExists(name string) (bool, error) {
	b.files.mu.RLock()
	defer b.files.mu.RUnlock()
	return b.files.buckets[name] != nil, nil
}

func (b *backend) DeleteBucket(name string) error { return b.files.deleteBucket(name, false) }

func (b *backend) ForceDeleteBucket(name string) error { return b.files.deleteBucket(name, true) }

// ListBucket returns one page of keys. Keys with the same common prefix (up to the delimiter) are one entry.
func (b *backend) ListBucket(
	name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage,
) (*gofakes3.ObjectList, error) {
	objects, err := b.files.listObjects(name)
	if err != nil {
		return nil, err
	}
	list := gofakes3.NewObjectList()
	var n int64
	var last string
	for _, o := range objects {
		entry, common, ok := listEntry(o.Key, prefix)
		repeated := common && entry == last
		if !ok || entry <= page.Marker || repeated {
			continue
		}
		if page.MaxKeys > 0 && n == page.MaxKeys {
			list.IsTruncated = true
			list.NextMarker = last
			return list, nil
		}
		n++
		last = entry
		if common {
			list.AddPrefix(entry)
			continue
		}
		list.Add(&gofakes3.Content{
			Key: o.Key, Size: o.Size, ETag: `"` + o.etag() + `"`,
			LastModified: gofakes3.NewContentTime(o.Modified), StorageClass: "STANDARD",
		})
	}
	return list, nil
}

// listEntry returns the entry of a key in a list: the key itself, or its common prefix up to the first delimiter after the
// prefix. ok is false if the key does not have the prefix. We do not use gofakes3.Prefix.Match, because it loses "//" and a
// leading "/".
func listEntry(key string, prefix *gofakes3.Prefix) (entry string, common, ok bool) {
	if prefix == nil {
		return key, false, true
	}
	rest, ok := strings.CutPrefix(key, prefix.Prefix)
	if !ok {
		return "", false, false
	}
	if prefix.Delimiter != "" {
		if i := strings.Index(rest, prefix.Delimiter); i >= 0 {
			return prefix.Prefix + rest[:i+len(prefix.Delimiter)], true, true
		}
	}
	return key, false, true
}

func (b *backend) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	o, err := b.files.headObject(bucket, key)
	if err != nil {
		return nil, err
	}
	return &gofakes3.Object{
		Name: key, Metadata: o.header(), Size: o.Size, Hash: o.MD5, Contents: io.NopCloser(strings.NewReader("")),
	}, nil
}

func (b *backend) GetObject(bucket, key string, want *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, content, err := b.files.openObject(bucket, key)
	if err != nil {
		return nil, err
	}
	part, err := want.Range(o.Size)
	if err != nil {
		_ = content.Close()
		return nil, err
	}
	header := o.header()
	start := int64(0)
	length := o.Size
	if part != nil {
		start = part.Start
		length = part.Length
		delete(header, "X-Amz-Checksum-Crc32") // the checksum is of the whole object
		delete(header, "X-Amz-Checksum-Type")
	}
	return &gofakes3.Object{
		Name: key, Metadata: header, Size: o.Size, Hash: o.MD5, Range: part,
		Contents: struct {
			io.Reader
			io.Closer
		}{io.NewSectionReader(content, start, length), content},
	}, nil
}

func (b *backend) DeleteObject(bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	return gofakes3.ObjectDeleteResult{}, b.files.deleteObject(bucket, key)
}

func (b *backend) DeleteMulti(bucket string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var result gofakes3.MultiDeleteResult
	for _, key := range keys {
		if err := b.files.deleteObject(bucket, key); err != nil {
			failed := gofakes3.ErrorResultFromError(err)
			failed.Key = key
			result.Error = append(result.Error, failed)
			continue
		}
		result.Deleted = append(result.Deleted, gofakes3.ObjectID{Key: key})
	}
	return result, nil
}

func (b *backend) PutObject(
	bucket, key string, header map[string]string, content io.Reader, size int64, conditions *gofakes3.PutConditions,
) (gofakes3.PutObjectResult, error) {
	allow := func(there *object) error {
		if conditions == nil {
			return nil
		}
		now := &gofakes3.ConditionalObjectInfo{Exists: there != nil}
		if there != nil {
			now.Hash = there.MD5
		}
		return gofakes3.CheckPutConditions(conditions, now)
	}
	_, err := b.storeAndNotify(eventPut, bucket, key, func() (*object, error) {
		return b.files.putObject(bucket, key, objectHeader(header), content, size, allow)
	})
	return gofakes3.PutObjectResult{}, err
}

func (b *backend) CopyObject(
	fromBucket, fromKey, bucket, key string, header map[string]string,
) (gofakes3.CopyObjectResult, error) {
	from, content, err := b.files.openObject(fromBucket, fromKey)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	defer func() { _ = content.Close() }()
	o, err := b.storeAndNotify(eventCopy, bucket, key, func() (*object, error) {
		return b.files.putObject(bucket, key, objectHeader(header), io.NewSectionReader(content, 0, from.Size), from.Size, nil)
	})
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	return gofakes3.CopyObjectResult{
		ETag: `"` + o.etag() + `"`, LastModified: gofakes3.NewContentTime(o.Modified),
	}, nil
}

// objectHeader returns the request headers that describe the object: X-Amz-Meta-* and Content-*, without Content-Length. The
// responses for the object have these headers.
func objectHeader(header map[string]string) map[string]string {
	h := map[string]string{}
	for name, value := range header {
		content := strings.HasPrefix(name, "Content-") && name != "Content-Length"
		if content || strings.HasPrefix(name, "X-Amz-Meta-") {
			h[name] = value
		}
	}
	return h
}
