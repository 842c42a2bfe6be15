package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/traffic"
)

// measureMails measures the mail normalizer: on the mails of its tests and, if
// there is one beside the repository, on a corpus of mails.
func measureMails(_ context.Context, r run) error {
	for _, set := range []struct{ name, dir string }{
		{"the mails of its tests", filepath.Join(r.root, "internal", "channel", "email", "testdata")},
		{"the mails of the corpus", filepath.Join(r.root, "..", "shared", "corpus", "email")},
	} {
		raws, size, err := readMails(set.dir)
		if err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		if len(raws) == 0 {
			continue
		}
		res := testing.Benchmark(func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, raw := range raws {
					if _, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw)); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		name := fmt.Sprintf("normalizer, %s: %d of %d KB on average", set.name, len(raws), size/len(raws)>>10)
		r.printFigure(figure{name, throughput(res), "MB/s", ""})
		r.printFigure(figure{name, float64(res.AllocsPerOp()) / float64(len(raws)), "allocations each", ""})
	}
	return nil
}

// readMails returns the mails in a folder and its subfolders, and their total
// size in bytes. A missing folder has no mails.
func readMails(dir string) (raws [][]byte, size int, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, 0, nil //nolint:nilerr // a missing folder is not an error
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		description := strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".tsv")
		if err != nil || d.IsDir() || description {
			return err
		}
		raw, err := os.ReadFile(path) //nolint:gosec // below the folder
		raws = append(raws, raw)
		size += len(raw)
		return err
	})
	return raws, size, err
}

// measureLargestMail invokes the email function with the largest mails that SES
// accepts, one after the other. The function copies their attachments.
func (b *bench) measureLargestMail(ctx context.Context, r run, s *stack.Stack) error {
	const name = "email"
	const rounds = 3
	b.manager.Kill(name)
	for i := range rounds {
		who := traffic.Someone(i)
		id := traffic.SESMessageID(fmt.Sprint("largest", i))
		key := "in/" + id
		if _, err := s.Clients().S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.Mail, Key: &key, Body: bytes.NewReader(largestMail(who, id))}); err != nil {
			return fmt.Errorf("store the mail: %w", err)
		}
		res, err := b.manager.Invoke(ctx, name, mailEvent(key))
		if err != nil {
			return fmt.Errorf("invoke %s: %w", name, err)
		}
		var resp events.SQSEventResponse
		if err := json.Unmarshal(res.Payload, &resp); err != nil || len(resp.BatchItemFailures) > 0 || res.FunctionError != "" {
			return fmt.Errorf("%s answered %s", name, res.Payload)
		}
	}
	inst, err := b.findInstance(name)
	if err != nil {
		return err
	}
	r.printFigure(figure{"a mail of 40 MB, its file copied", milliseconds(inst.CPU) / rounds, "ms CPU", ""})
	r.printFigure(figure{fmt.Sprintf("memory of email after %d mails of 40 MB", rounds), float64(inst.MaxRSS) / (1 << 20), "MB RSS", atMost(256)})
	return nil
}

// largestMail returns a mail of 40 MB, almost all of it an attachment.
func largestMail(who traffic.Person, id string) []byte {
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 57)) + "\r\n"
	mail := "From: " + who.Mail + "\r\nTo: " + traffic.Mailbox + "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nzie bijlage\r\n" +
		"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	mail += strings.Repeat(line, (40<<20-len(mail)-8)/len(line)) + "--b--\r\n"
	return traffic.AddSESHeaders([]byte(mail), id, who, time.Now())
}

// mailEvent returns an SQS event with the S3 notification of one object.
func mailEvent(key string) []byte {
	type named map[string]any
	body, err := json.Marshal(named{"Records": []named{{"eventSource": "aws:s3", "s3": named{"object": named{"key": key}}}}})
	if err != nil {
		panic(err) // strings always encode
	}
	ev, err := json.Marshal(named{"Records": []named{{"messageId": "1", "eventSource": "aws:sqs", "body": string(body)}}})
	if err != nil {
		panic(err)
	}
	return ev
}
