package lambda

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the named functions of a repository (the folders below
// functions/) for this machine, with the flags that they get for AWS. The
// binary of each is outDir/<name>. One call of the compiler builds them all.
func Build(ctx context.Context, repoRoot, outDir string, functions []string) error {
	outDir, err := filepath.Abs(outDir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(outDir, 0o750); err != nil {
		return err
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
		return fmt.Errorf("build the functions: %w\n%s", err, out)
	}
	return nil
}
