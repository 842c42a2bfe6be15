package dynamo_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/infra/local/dynamo"
)

// parentEnv is set in the child process of TestServer_EndsWithParent.
const parentEnv = "HEARD_TEST_DYNAMO_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentEnv) != "" {
		startAndWait()
	}
	os.Exit(m.Run())
}

func TestServer_KeepsDataAfterKill(t *testing.T) {
	t.Parallel()
	cfg := dynamo.Config{Dir: t.TempDir()}
	s := startOnPort(t, cfg)
	db := newClient(s)
	createTable(t, db)
	const n = 25
	for i := range n {
		putItem(t, db, i)
	}
	s.Kill()

	cfg.Port = s.Port
	s = startOnPort(t, cfg)
	out, err := newClient(s).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("messages"), Select: types.SelectCount})
	if err != nil {
		t.Fatal(err)
	}
	if out.Count != n {
		t.Errorf("%d items after the kill, want %d", out.Count, n)
	}
}

func TestStop_WaitsForProcess(t *testing.T) {
	t.Parallel()
	s := startOnPort(t, dynamo.Config{})
	s.Stop()
	select {
	case <-s.Done():
	default:
		t.Error("still running after Stop")
	}
}

func TestStart_PortInUse(t *testing.T) {
	t.Parallel()
	s := startOnPort(t, dynamo.Config{})
	if _, err := dynamo.Start(t.Context(), dynamo.Config{Port: s.Port}); err == nil {
		t.Error("Start on a used port succeeded, want an error")
	}
}

func TestStart_Canceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dynamo.Start(ctx, dynamo.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestStart_WithoutJava(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := dynamo.Start(t.Context(), dynamo.Config{})
	if err == nil || !strings.Contains(err.Error(), "apt-get install openjdk-17-jre-headless npm") {
		t.Errorf("got %v, want an error with the install command", err)
	}
}

func TestServer_EndsWithParent(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux can promise this")
	}
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	for deadline := time.Now().Add(30 * time.Second); isRunning(child); {
		if time.Now().After(deadline) {
			t.Fatal("the server outlived its parent")
		}
		time.Sleep(10 * time.Millisecond) // a process that is not our child cannot be waited for
	}
}

// BenchmarkPut measures puts per second from eight concurrent callers.
func BenchmarkPut(b *testing.B) {
	for name, dir := range map[string]func(*testing.B) string{
		"memory": func(*testing.B) string { return "" },
		"disk":   func(b *testing.B) string { return b.TempDir() },
	} {
		b.Run(name, func(b *testing.B) {
			s := startOnPort(b, dynamo.Config{Dir: dir(b)})
			db := newClient(s)
			createTable(b, db)
			b.ResetTimer()
			var callers sync.WaitGroup
			for caller := range 8 {
				callers.Go(func() {
					for i := caller; i < b.N; i += 8 {
						putItem(b, db, i)
					}
				})
			}
			callers.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
			b.ReportMetric(s.Took.Seconds(), "s-to-start")
		})
	}
}

func startOnPort(t testing.TB, cfg dynamo.Config) *dynamo.Server {
	t.Helper()
	s, err := dynamo.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

func newClient(s *dynamo.Server) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:                          "eu-west-1",
		BaseEndpoint:                    aws.String(s.Endpoint),
		Credentials:                     credentials.NewStaticCredentialsProvider("local", "secret", ""),
		DisableValidateResponseChecksum: true,
	})
}

func createTable(t testing.TB, db *dynamodb.Client) {
	t.Helper()
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            aws.String("messages"),
		BillingMode:          types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		StreamSpecification: &types.StreamSpecification{
			StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func putItem(t testing.TB, db *dynamodb.Client, i int) {
	_, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("messages"),
		Item: map[string]types.AttributeValue{
			"pk":   &types.AttributeValueMemberS{Value: fmt.Sprintf("C#%d", i)},
			"text": &types.AttributeValueMemberS{Value: strings.Repeat("x", 500)},
		},
		ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	if err != nil {
		t.Error(err)
	}
}

// startAndWait starts a server, prints its process id and waits until it is killed.
func startAndWait() {
	if _, err := dynamo.Start(context.Background(), dynamo.Config{}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	children, _ := filepath.Glob("/proc/self/task/*/children")
	for _, path := range children {
		if ids, _ := os.ReadFile(path); len(ids) > 0 {
			fmt.Println(strings.TrimSpace(string(ids)))
		}
	}
	select {}
}

// isRunning reports whether the process runs. A zombie, which has ended but was not waited for, does not.
func isRunning(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
