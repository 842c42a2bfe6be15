package lambda

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles functions of the repository, given by their folder names under
// functions/, for this machine with the same flags as for AWS. It writes each
// binary to outDir/<name>. One run of the compiler builds all.
func Build(ctx context.Context, repoRoot, outDir string, functions []string) error {
	outDir, err := filepath.Abs(outDir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(outDir, 0o750); err != nil {
		return fmt.Errorf("create folder for the binaries: %w", err)
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags=lambda.norpc",
		"-o", outDir + string(filepath.Separator)}
	for _, name := range functions {
		args = append(args, "./functions/"+name)
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are folders of our repository
	cmd.Dir = repoRoot
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build functions: %w\n%s", err, out)
	}
	return nil
}
