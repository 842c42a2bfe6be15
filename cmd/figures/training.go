package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/training"
)

// slowShare is the share of a core that a function of 512 MB has.
const slowShare = 0.3

// measureTraining runs the function train on a stack whose taxonomy was published.
func measureTraining(ctx context.Context, r run, s *stack.Stack) error {
	if err := s.RunSchedules(ctx, "train", time.Now()); err != nil {
		return err
	}
	process, err := trainProcess(s)
	if err != nil {
		return err
	}
	out, err := s.Clients().S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Blobs, Key: aws.String(training.ReportKey)})
	if err != nil {
		return err
	}
	defer func() { _ = out.Body.Close() }()
	var report training.Report
	if err := json.NewDecoder(out.Body).Decode(&report); err != nil {
		return err
	}
	if report.Outcome != training.InUse {
		return fmt.Errorf("the training ended as %q: %s", report.Outcome, report.Explanation)
	}
	what := fmt.Sprintf("training of %d examples", report.Figures.Examples)
	r.printFigure(figure{what, process.CPU.Seconds(), "s CPU", ""})
	r.printFigure(figure{what + ", at 0.3 of a core", process.CPU.Seconds() / slowShare, "s", atMost(60)})
	r.printFigure(figure{"memory of train after a training", float64(process.MaxRSS) / (1 << 20), "MB RSS", ""})
	r.printFigure(figure{"model", float64(report.Figures.Bytes) / (1 << 20), "MB", atMost(classifier.MaxBytes >> 20)})
	return nil
}

// trainProcess returns the process of the function train.
func trainProcess(s *stack.Stack) (lambda.Instance, error) {
	for _, i := range s.Lambda().Instances() {
		if strings.HasSuffix(i.Function, "-train") {
			return i, nil
		}
	}
	return lambda.Instance{}, errors.New("the function train has no process")
}
