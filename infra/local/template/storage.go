package template

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A Table is one DynamoDB table. Its billing mode is PAY_PER_REQUEST.
type Table struct {
	ID          string
	Name        string
	ARN         string
	Attributes  []Attribute // key attributes of the table and its indexes
	Keys        []Key
	Indexes     []Index
	StreamView  string // empty without a stream
	TTL         string // attribute name; empty without TTL
	PointInTime bool
}

// An Attribute is a key attribute with its type S, N or B.
type Attribute struct{ Name, Type string }

// A Key is one attribute of a key with its role HASH or RANGE.
type Key struct{ Name, Type string }

// An Index is one global secondary index.
type Index struct {
	Name       string
	Keys       []Key
	Projection string   // ALL, KEYS_ONLY or INCLUDE
	Include    []string // attributes of projection INCLUDE
}

// CreateInput returns the request that creates the table. It does not include
// TTL and point-in-time recovery, which have their own requests.
func (t Table) CreateInput() *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName:   &t.Name,
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keySchema(t.Keys),
	}
	for _, a := range t.Attributes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(a.Name), AttributeType: types.ScalarAttributeType(a.Type),
		})
	}
	for _, i := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(i.Name),
			KeySchema: keySchema(i.Keys),
			Projection: &types.Projection{
				ProjectionType: types.ProjectionType(i.Projection), NonKeyAttributes: i.Include,
			},
		})
	}
	if t.StreamView != "" {
		in.StreamSpecification = &types.StreamSpecification{
			StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(t.StreamView),
		}
	}
	return in
}

func keySchema(keys []Key) []types.KeySchemaElement {
	var out []types.KeySchemaElement
	for _, k := range keys {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(k.Name), KeyType: types.KeyType(k.Type)})
	}
	return out
}

func (b *builder) readTable(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("TableName", "ContributorInsightsSpecification", "DeletionProtectionEnabled", "OnDemandThroughput",
		"SSESpecification", "TableClass", "Tags", "WarmThroughput")
	if r.requiredText("BillingMode") != "" {
		r.allowedText("BillingMode", "PAY_PER_REQUEST")
	}
	t := Table{
		ID:   res.id,
		Name: b.physicalName(res),
		ARN:  b.expandPattern(res.handler.attributes["Arn"], b.physicalName(res)),
		Keys: readKeySchema(r),
	}
	r.eachObject("AttributeDefinitions", func(r *reader) {
		t.Attributes = append(t.Attributes, Attribute{r.requiredText("AttributeName"), r.allowedText("AttributeType", "S", "N", "B")})
	})
	r.eachObject("GlobalSecondaryIndexes", func(r *reader) {
		projection := r.object("Projection")
		t.Indexes = append(t.Indexes, Index{
			Name:       r.requiredText("IndexName"),
			Keys:       readKeySchema(r),
			Projection: projection.allowedText("ProjectionType", "ALL", "KEYS_ONLY", "INCLUDE"),
			Include:    projection.textValues("NonKeyAttributes"),
		})
		projection.refuseUnread()
		r.ignoreFields("ContributorInsightsSpecification", "OnDemandThroughput", "WarmThroughput")
	})
	stream := r.object("StreamSpecification")
	t.StreamView = stream.textValue("StreamViewType")
	stream.refuseUnread()
	ttl := r.object("TimeToLiveSpecification")
	if name := ttl.textValue("AttributeName"); ttl.boolValue("Enabled", false) {
		t.TTL = name
	}
	ttl.refuseUnread()
	recovery := r.object("PointInTimeRecoverySpecification")
	t.PointInTime = recovery.boolValue("PointInTimeRecoveryEnabled", false)
	recovery.ignoreFields("RecoveryPeriodInDays").refuseUnread()
	r.refuseUnread()
	b.model.Tables = append(b.model.Tables, t)
}

func readKeySchema(r *reader) []Key {
	var out []Key
	r.eachObject("KeySchema", func(r *reader) {
		out = append(out, Key{r.requiredText("AttributeName"), r.allowedText("KeyType", "HASH", "RANGE")})
	})
	return out
}

// A Queue is one SQS queue. Attributes are in the form of CreateQueue.
type Queue struct {
	ID         string
	Name       string
	ARN        string
	URL        string
	Attributes map[string]string
}

// queueAttributes are the attributes with the same name and form in the
// template and in SQS.
var queueAttributes = []string{
	"ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
	"MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
}

func (b *builder) readQueue(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("QueueName", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "SqsManagedSseEnabled", "Tags")
	q := Queue{ID: res.id, Name: b.physicalName(res), Attributes: map[string]string{}}
	q.ARN = b.expandPattern(res.handler.attributes["Arn"], q.Name)
	q.URL = b.options.QueueURL(q.Name)
	for _, name := range queueAttributes {
		if v := r.textValue(name); v != "" {
			q.Attributes[name] = v
		}
	}
	if fifo := r.boolValue("FifoQueue", false); fifo != strings.HasSuffix(q.Name, ".fifo") {
		b.reportError(res.line, "%s: the name of a FIFO queue must end in .fifo, and no other name may", res.id)
	}
	if redrive := r.object("RedrivePolicy"); redrive.isPresent() {
		target := redrive.requiredText("deadLetterTargetArn")
		if b.findResource(target, "AWS::SQS::Queue") == nil {
			b.reportError(redrive.node.line, "%s: deadLetterTargetArn must be a queue of this template", res.id)
		}
		q.Attributes["RedrivePolicy"] = marshalPolicy(map[string]any{
			"deadLetterTargetArn": target, "maxReceiveCount": redrive.intValue("maxReceiveCount", 0),
		})
		redrive.refuseUnread()
	}
	if allow := r.object("RedriveAllowPolicy"); allow.isPresent() {
		policy := map[string]any{"redrivePermission": allow.requiredText("redrivePermission")}
		if arns := allow.textValues("sourceQueueArns"); arns != nil {
			policy["sourceQueueArns"] = arns
		}
		q.Attributes["RedriveAllowPolicy"] = marshalPolicy(policy)
		allow.refuseUnread()
	}
	r.refuseUnread()
	b.model.Queues = append(b.model.Queues, q)
}

func marshalPolicy(v map[string]any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return string(out)
}

// A Bucket is one S3 bucket.
type Bucket struct {
	ID            string
	Name          string
	ARN           string
	Versioned     bool
	Notifications []Notification
	CORS          []BucketCORS
}

// A Notification sends events about matching objects of a bucket.
type Notification struct {
	Event  string // s3:ObjectCreated:*
	Target string // ARN of a queue, topic or function
	Prefix string
	Suffix string
}

// BucketCORS is one CORS rule of a bucket.
type BucketCORS struct {
	AllowedOrigins []string
	AllowedMethods []string
	AllowedHeaders []string
	ExposedHeaders []string
	MaxAge         int // seconds
}

func (b *builder) readBucket(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("BucketName", "BucketEncryption", "LifecycleConfiguration", "LoggingConfiguration", "OwnershipControls",
		"PublicAccessBlockConfiguration", "Tags")
	out := Bucket{ID: res.id, Name: b.physicalName(res), ARN: b.expandPattern(res.handler.attributes["Arn"], b.physicalName(res))}
	versioning := r.object("VersioningConfiguration")
	out.Versioned = versioning.textValue("Status") == "Enabled"
	versioning.refuseUnread()
	config := r.object("NotificationConfiguration")
	for _, kind := range []struct{ list, target string }{
		{"QueueConfigurations", "Queue"}, {"TopicConfigurations", "Topic"}, {"LambdaConfigurations", "Function"},
	} {
		config.eachObject(kind.list, func(r *reader) {
			n := Notification{Event: r.requiredText("Event"), Target: r.requiredText(kind.target)}
			b.readObjectFilter(&n, r.object("Filter"))
			out.Notifications = append(out.Notifications, n)
		})
	}
	config.refuseUnread()
	cors := r.object("CorsConfiguration")
	cors.eachObject("CorsRules", func(r *reader) {
		out.CORS = append(out.CORS, BucketCORS{
			AllowedOrigins: r.textValues("AllowedOrigins"),
			AllowedMethods: r.textValues("AllowedMethods"),
			AllowedHeaders: r.textValues("AllowedHeaders"),
			ExposedHeaders: r.textValues("ExposedHeaders"),
			MaxAge:         r.intValue("MaxAge", 0),
		})
		r.ignoreFields("Id")
	})
	cors.refuseUnread()
	r.refuseUnread()
	b.model.Buckets = append(b.model.Buckets, out)
}

func (b *builder) readObjectFilter(n *Notification, r *reader) {
	key := r.object("S3Key")
	key.eachObject("Rules", func(r *reader) {
		value := r.requiredText("Value")
		if strings.EqualFold(r.allowedText("Name", "prefix", "suffix", "Prefix", "Suffix"), "prefix") {
			n.Prefix = value
		} else {
			n.Suffix = value
		}
	})
	key.refuseUnread()
	r.refuseUnread()
}
