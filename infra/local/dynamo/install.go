package dynamo

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// DynamoDB Local is downloaded as part of this npm package. Nothing else of the package is used, nor its dependencies.
const (
	npmPackage   = "amplify-dynamodb-simulator@2.9.30"
	npmTarball   = "amplify-dynamodb-simulator-2.9.30.tgz"
	npmIntegrity = "sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
	npmFolder    = "package/emulator/"
	version      = "1.25.1"

	installCommand = "apt-get install openjdk-17-jre-headless npm"
	javaNeeded     = 17
)

// installEmulator returns the folder with DynamoDBLocal.jar, and downloads it first if it is not on this machine. The folder is
// in HEARD_CACHE, or else in the user's cache folder. Concurrent processes are safe: a file lock lets one of them download.
func installEmulator(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("Java %d is needed: %s", javaNeeded, installCommand) //nolint:staticcheck // a name
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "dynamodb-local-"+version)
	if pathExists(dir) {
		return dir, nil
	}
	unlock, err := lockFile(filepath.Join(cache, "dynamodb-local.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if pathExists(dir) { // another process downloaded it while we waited for the lock
		return dir, nil
	}
	return dir, downloadEmulator(ctx, cache, dir)
}

// downloadEmulator downloads, verifies and unpacks the package in a temporary folder, and then renames that folder to dir. An
// existing dir is therefore complete.
func downloadEmulator(ctx context.Context, cache, dir string) error {
	if err := checkJavaVersion(ctx); err != nil {
		return err
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("npm is needed for the first download of DynamoDB Local: %s", installCommand)
	}
	tmp, err := os.MkdirTemp(cache, "dynamodb-local-*.tmp")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", npmPackage)
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s: %w: %s", npmPackage, err, bytes.TrimSpace(out))
	}
	tarball := filepath.Join(tmp, npmTarball)
	if err := verifyTarball(tarball); err != nil {
		return err
	}
	if err := unpackTarball(tarball, filepath.Join(tmp, "emulator")); err != nil {
		return fmt.Errorf("unpack %s: %w", npmTarball, err)
	}
	return os.Rename(filepath.Join(tmp, "emulator"), dir)
}

// verifyTarball compares the SHA-512 of the file with the pinned one.
func verifyTarball(tarball string) error {
	f, err := os.Open(tarball) //nolint:gosec // the file was just downloaded to a temporary folder
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("read %s: %w", tarball, err)
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != npmIntegrity {
		return fmt.Errorf("%s does not match the pinned checksum: got %s, want %s", npmTarball, got, npmIntegrity)
	}
	return nil
}

// unpackTarball writes the files under package/emulator/ into dir. os.Root rejects a file name that leads outside dir.
func unpackTarball(tarball, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	f, err := os.Open(tarball) //nolint:gosec // the file was just downloaded to a temporary folder
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	for files := tar.NewReader(zipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the next entry: %w", err)
		}
		name, ours := strings.CutPrefix(header.Name, npmFolder)
		if !ours || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := writeEmulatorFile(root, filepath.FromSlash(name), files); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
}

func writeEmulatorFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// checkJavaVersion returns an error if Java is too old for the pinned version. It parses a line such as
// `openjdk version "17.0.15"`, and accepts output without one.
func checkJavaVersion(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("java -version: %w", err)
	}
	found := javaVersion.FindSubmatch(out)
	if found == nil {
		return nil
	}
	if major, _ := strconv.Atoi(string(found[1])); major < javaNeeded {
		return fmt.Errorf("Java %d is too old, %d is needed: %s", major, javaNeeded, installCommand) //nolint:staticcheck // a name
	}
	return nil
}

func cacheFolder() (string, error) {
	dir := os.Getenv("HEARD_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("this user has no cache folder: set HEARD_CACHE: %w", err)
		}
		dir = filepath.Join(user, "heard")
	}
	return dir, os.MkdirAll(dir, 0o750)
}

// lockFile takes an exclusive lock on a file and waits for other processes that hold it. The kernel releases the lock when the
// process ends.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the path is ours
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}

func pathExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
