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

// DynamoDB Local travels in this npm package; of the package nothing else is used, and none of its dependencies.
const (
	npmPackage   = "amplify-dynamodb-simulator@2.9.30"
	npmTarball   = "amplify-dynamodb-simulator-2.9.30.tgz"
	npmIntegrity = "sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
	npmFolder    = "package/emulator/"
	version      = "1.25.1"

	installCommand = "apt-get install openjdk-17-jre-headless npm"
	javaNeeded     = 17
)

// install returns the folder that holds DynamoDBLocal.jar, and fetches it first when this machine has none. The folder lies
// in the user's cache, or in HEARD_CACHE. Any number of processes may install at once.
func install(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("Java %d is needed: %s", javaNeeded, installCommand) //nolint:staticcheck // a name
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "dynamodb-local-"+version)
	if exists(dir) {
		return dir, nil
	}
	unlock, err := lock(filepath.Join(cache, "dynamodb-local.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) { // somebody else was first
		return dir, nil
	}
	return dir, fetch(ctx, cache, dir)
}

// fetch downloads, checks and unpacks beside dir, and renames last: a folder that exists is whole.
func fetch(ctx context.Context, cache, dir string) error {
	if err := checkJava(ctx); err != nil {
		return err
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("npm is needed once, for the download: %s", installCommand)
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
	if err := check(tarball); err != nil {
		return err
	}
	if err := unpack(tarball, filepath.Join(tmp, "emulator")); err != nil {
		return err
	}
	return os.Rename(filepath.Join(tmp, "emulator"), dir)
}

func check(tarball string) error {
	f, err := os.Open(tarball) //nolint:gosec // a file that we made
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != npmIntegrity {
		return fmt.Errorf("%s is not what was pinned: %s instead of %s", npmTarball, got, npmIntegrity)
	}
	return nil
}

// unpack writes the files of the emulator's folder into dir. The Root refuses a name that leads outside.
func unpack(tarball, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	f, err := os.Open(tarball) //nolint:gosec // a file that we made
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for files := tar.NewReader(zipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, ours := strings.CutPrefix(header.Name, npmFolder)
		if !ours || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := write(root, filepath.FromSlash(name), files); err != nil {
			return err
		}
	}
}

func write(root *os.Root, name string, content io.Reader) error {
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

// checkJava wants a Java that can run the pinned version: it prints `openjdk version "17.0.15"`.
func checkJava(ctx context.Context) error {
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

func cacheDir() (string, error) {
	dir := os.Getenv("HEARD_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder, set HEARD_CACHE: %w", err)
		}
		dir = filepath.Join(user, "heard")
	}
	return dir, os.MkdirAll(dir, 0o750)
}

// lock holds a file against other processes until unlock; the kernel lets go of it when the process ends.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a path of ours
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
