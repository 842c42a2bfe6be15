package dynamo

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUnpackTarball_EmulatorFilesOnly(t *testing.T) {
	t.Parallel()
	path := buildTarball(t, "package/emulator/a.jar", "package/emulator/lib/b.so", "package/index.js", "other/c")
	dir := filepath.Join(t.TempDir(), "emulator")
	if err := unpackTarball(path, dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if !entry.IsDir() {
			got = append(got, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/a.jar", "/lib/b.so"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnpackTarball_PathOutside(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"package/emulator/../../../evil", "package/emulator//etc/evil"} {
		if err := unpackTarball(buildTarball(t, name), filepath.Join(t.TempDir(), "a", "b")); err == nil {
			t.Errorf("%s was unpacked", name)
		}
	}
}

func TestVerifyTarball_OtherChecksum(t *testing.T) {
	t.Parallel()
	if err := verifyTarball(buildTarball(t, "package/emulator/a.jar")); err == nil || !strings.Contains(err.Error(), "pinned") {
		t.Errorf("got %v, want an error about the pinned checksum", err)
	}
}

// buildTarball writes a .tgz in which the content of each file is its own name.
func buildTarball(t *testing.T, names ...string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "package.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(f)
	files := tar.NewWriter(zipped)
	for _, name := range names {
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(name)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []interface{ Close() error }{files, zipped, f} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return f.Name()
}
