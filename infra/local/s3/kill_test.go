package s3_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/s3"
)

// TestPut_SurvivesKill kills a server during puts and then reads every object that the server acknowledged.
func TestPut_SurvivesKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := exec.CommandContext(t.Context(), os.Args[0])
	server.Env = append(os.Environ(), serverDirEnv+"="+dir)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	endpoint, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	db := newClient(strings.TrimSpace(endpoint), func(o *awss3.Options) { o.RetryMaxAttempts = 1 })

	var acknowledged sync.Map
	var n atomic.Int64
	var writers sync.WaitGroup
	for writer := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d/%d", writer, i)
				_, err := db.PutObject(t.Context(), &awss3.PutObjectInput{
					Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(contentOf(key)),
				})
				if err != nil {
					return
				}
				acknowledged.Store(key, true)
				if n.Add(1) == 100 {
					_ = server.Process.Kill()
				}
			}
		})
	}
	writers.Wait()
	_ = server.Wait()
	if n.Load() < 100 {
		t.Fatalf("got %d acknowledged puts before the kill, want at least 100", n.Load())
	}

	db = startServer(t, s3.Config{Dir: dir})
	acknowledged.Range(func(key, _ any) bool {
		if got := getObject(t, db, key.(string)); !bytes.Equal(got, contentOf(key.(string))) {
			t.Errorf("the content of %s changed", key)
		}
		return true
	})
	for _, key := range listKeys(t, db, "", "", 1000) { // an object that was stored but not acknowledged is complete too
		if got := getObject(t, db, key); !bytes.Equal(got, contentOf(key)) {
			t.Errorf("%s is incomplete", key)
		}
	}
}

func contentOf(key string) []byte { return bytes.Repeat([]byte(key), 5000) }

// serveForever serves a folder, prints its address and runs until it is killed.
func serveForever(dir string) {
	s, err := s3.New(s3.Config{Dir: dir})
	if err == nil {
		err = s.CreateBucket(bucket)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("http://%s\n", l.Addr())
	_ = http.Serve(l, s)
}
