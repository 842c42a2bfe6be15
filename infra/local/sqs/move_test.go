package sqs_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/sqs"
)

// inBubble returns a server without network, for a synctest bubble with its own
// time.
func inBubble(t *testing.T) *fixture {
	return &fixture{t: t, c: newClient("http://sqs.example.com", inProcess{newServer(t, sqs.Config{})})}
}

func TestStartMessageMoveTask_RateAndCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := inBubble(t)
		dead, other := server.queue("dead", nil), server.queue("other", nil)
		server.queue("intake", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead.arn() + `","maxReceiveCount":1}`})
		for i := range 10 {
			dead.send(strconv.Itoa(i))
		}
		start := awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(dead.arn()), DestinationArn: aws.String(other.arn()), MaxNumberOfMessagesPerSecond: aws.Int32(2)}
		task, err := server.c.StartMessageMoveTask(t.Context(), &start)
		if err != nil {
			t.Fatal(err)
		}
		_, err = server.c.StartMessageMoveTask(t.Context(), &start)
		wantCode(t, err, "InvalidParameterValue")
		time.Sleep(2*time.Second + time.Millisecond) // time of the bubble
		synctest.Wait()
		list := func() string {
			out, err := server.c.ListMessageMoveTasks(t.Context(), &awssqs.ListMessageMoveTasksInput{SourceArn: start.SourceArn})
			if err != nil {
				t.Fatal(err)
			}
			r := out.Results[0]
			return *r.Status + " " + strconv.FormatInt(r.ApproximateNumberOfMessagesMoved, 10) + "/" + strconv.FormatInt(*r.ApproximateNumberOfMessagesToMove, 10)
		}
		if got := list(); got != "RUNNING 4/10" {
			t.Errorf("task %s, want RUNNING 4/10", got)
		}
		if _, err := server.c.CancelMessageMoveTask(t.Context(), &awssqs.CancelMessageMoveTaskInput{TaskHandle: task.TaskHandle}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // time of the bubble
		if got := list(); got != "CANCELLED 4/10" {
			t.Errorf("task %s, want CANCELLED 4/10", got)
		}
		dead.wantCounts("6 0 0")
		other.wantCounts("4 0 0")
		_, err = server.c.CancelMessageMoveTask(t.Context(), &awssqs.CancelMessageMoveTaskInput{TaskHandle: task.TaskHandle})
		wantCode(t, err, "ResourceNotFoundException")
	})
}

func TestStartMessageMoveTask_UnknownSource(t *testing.T) {
	t.Parallel()
	server := overHTTP(t)
	dead := server.queue("dead", nil)
	start := awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(dead.arn())}
	_, err := server.c.StartMessageMoveTask(t.Context(), &start)
	wantCode(t, err, "InvalidParameterValue") // not yet a dead-letter queue
	server.queue("intake", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead.arn() + `","maxReceiveCount":1}`})
	dead.send("by hand")
	if _, err := server.c.StartMessageMoveTask(t.Context(), &start); err != nil {
		t.Fatal(err)
	}
	out, err := server.c.ListMessageMoveTasks(t.Context(), &awssqs.ListMessageMoveTasksInput{SourceArn: start.SourceArn})
	if err != nil || *out.Results[0].Status != "FAILED" || *out.Results[0].FailureReason != "CouldNotDetermineMessageSource" {
		t.Errorf("tasks %+v, error %v, want one failed with CouldNotDetermineMessageSource", out.Results, err)
	}
	dead.wantCounts("1 0 0")
	start.SourceArn = aws.String("arn:aws:sqs:eu-west-1:111122223333:none")
	_, err = server.c.StartMessageMoveTask(t.Context(), &start)
	wantCode(t, err, "ResourceNotFoundException")
}
