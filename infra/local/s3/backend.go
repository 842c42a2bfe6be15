package s3

import (
	"io"
	"os"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// backend puts the files behind gofakes3.
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

// ListBucket gives one page. Keys that share what precedes the delimiter are one entry, and may be the page's last.
func (b *backend) ListBucket(
	name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage,
) (*gofakes3.ObjectList, error) {
	objects, err := b.files.list(name)
	if err != nil {
		return nil, err
	}
	list, n, last := gofakes3.NewObjectList(), int64(0), ""
	for _, o := range objects {
		entry, common, ok := match(o.Key, prefix)
		if !ok || entry <= page.Marker || common && entry == last {
			continue
		}
		if page.MaxKeys > 0 && n == page.MaxKeys {
			list.IsTruncated, list.NextMarker = true, last
			return list, nil
		}
		n, last = n+1, entry
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

// match returns what a key is listed as: itself, or the part up to the delimiter that follows the prefix. The method of
// gofakes3.Prefix splits keys at the delimiter, and so loses "//" and a leading "/".
func match(key string, prefix *gofakes3.Prefix) (entry string, common, ok bool) {
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
	o, err := b.files.head(bucket, key)
	if err != nil {
		return nil, err
	}
	return &gofakes3.Object{
		Name: key, Metadata: o.header(), Size: o.Size, Hash: o.MD5, Contents: io.NopCloser(strings.NewReader("")),
	}, nil
}

func (b *backend) GetObject(bucket, key string, want *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, content, err := b.files.get(bucket, key)
	if err != nil {
		return nil, err
	}
	part, err := want.Range(o.Size)
	if err != nil {
		_ = content.Close()
		return nil, err
	}
	header, start, length := o.header(), int64(0), o.Size
	if part != nil {
		start, length = part.Start, part.Length
		delete(header, "X-Amz-Checksum-Crc32") // which is that of the whole
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
	return gofakes3.ObjectDeleteResult{}, b.files.delete(bucket, key)
}

func (b *backend) DeleteMulti(bucket string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var result gofakes3.MultiDeleteResult
	for _, key := range keys {
		if err := b.files.delete(bucket, key); err != nil {
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
	_, err := b.create(eventPut, bucket, key, func() (*object, error) {
		return b.files.put(bucket, key, kept(header), content, size, allow)
	})
	return gofakes3.PutObjectResult{}, err
}

func (b *backend) CopyObject(
	fromBucket, fromKey, bucket, key string, header map[string]string,
) (gofakes3.CopyObjectResult, error) {
	from, content, err := b.files.get(fromBucket, fromKey)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	defer func() { _ = content.Close() }()
	o, err := b.create(eventCopy, bucket, key, func() (*object, error) {
		return b.files.put(bucket, key, kept(header), io.NewSectionReader(content, 0, from.Size), from.Size, nil)
	})
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	return gofakes3.CopyObjectResult{
		ETag: `"` + o.etag() + `"`, LastModified: gofakes3.NewContentTime(o.Modified),
	}, nil
}

// kept leaves out the headers of a request that say nothing about its object, which gofakes3 would give back with it.
func kept(header map[string]string) map[string]string {
	h := map[string]string{}
	for name, value := range header {
		if strings.HasPrefix(name, "X-Amz-Meta-") || strings.HasPrefix(name, "Content-") && name != "Content-Length" {
			h[name] = value
		}
	}
	return h
}
