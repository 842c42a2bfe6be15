package template

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A Table is one DynamoDB table; it is billed per request.
type Table struct {
	ID          string
	Name        string
	ARN         string
	Attributes  []Attribute // those that are keys
	Keys        []Key
	Indexes     []Index
	StreamView  string // "" is no stream
	TTL         string // the attribute; "" is none
	PointInTime bool
}

// An Attribute is the name and type (S, N or B) of a key attribute.
type Attribute struct{ Name, Type string }

// A Key is one attribute of a key and its part in it, HASH or RANGE.
type Key struct{ Name, Type string }

// An Index is one global secondary index.
type Index struct {
	Name       string
	Keys       []Key
	Projection string   // ALL, KEYS_ONLY or INCLUDE
	Include    []string // with INCLUDE
}

// CreateInput is the request that creates the table. TTL and point in time
// recovery have requests of their own.
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

func (b *builder) table(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("TableName", "ContributorInsightsSpecification", "DeletionProtectionEnabled", "OnDemandThroughput",
		"SSESpecification", "TableClass", "Tags", "WarmThroughput")
	if r.must("BillingMode") != "" {
		r.oneOf("BillingMode", "PAY_PER_REQUEST")
	}
	t := Table{
		ID:   res.id,
		Name: b.nameOf(res),
		ARN:  b.expand(res.def.attributes["Arn"], b.nameOf(res)),
		Keys: keys(r),
	}
	r.objs("AttributeDefinitions", func(r *reader) {
		t.Attributes = append(t.Attributes, Attribute{r.must("AttributeName"), r.oneOf("AttributeType", "S", "N", "B")})
	})
	r.objs("GlobalSecondaryIndexes", func(r *reader) {
		projection := r.obj("Projection")
		t.Indexes = append(t.Indexes, Index{
			Name:       r.must("IndexName"),
			Keys:       keys(r),
			Projection: projection.oneOf("ProjectionType", "ALL", "KEYS_ONLY", "INCLUDE"),
			Include:    projection.texts("NonKeyAttributes"),
		})
		projection.done()
		r.skip("ContributorInsightsSpecification", "OnDemandThroughput", "WarmThroughput")
	})
	stream := r.obj("StreamSpecification")
	t.StreamView = stream.text("StreamViewType")
	stream.done()
	ttl := r.obj("TimeToLiveSpecification")
	if name := ttl.text("AttributeName"); ttl.truth("Enabled", false) {
		t.TTL = name
	}
	ttl.done()
	recovery := r.obj("PointInTimeRecoverySpecification")
	t.PointInTime = recovery.truth("PointInTimeRecoveryEnabled", false)
	recovery.skip("RecoveryPeriodInDays").done()
	r.done()
	b.model.Tables = append(b.model.Tables, t)
}

func keys(r *reader) []Key {
	var out []Key
	r.objs("KeySchema", func(r *reader) {
		out = append(out, Key{r.must("AttributeName"), r.oneOf("KeyType", "HASH", "RANGE")})
	})
	return out
}

// A Queue is one SQS queue, with the attributes as CreateQueue takes them.
type Queue struct {
	ID         string
	Name       string
	ARN        string
	URL        string
	Attributes map[string]string
}

// queueAttributes have the same name and form in the template and in SQS.
var queueAttributes = []string{
	"ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
	"MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
}

func (b *builder) queue(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("QueueName", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "SqsManagedSseEnabled", "Tags")
	q := Queue{ID: res.id, Name: b.nameOf(res), Attributes: map[string]string{}}
	q.ARN = b.expand(res.def.attributes["Arn"], q.Name)
	q.URL = b.opt.QueueURL(q.Name)
	for _, name := range queueAttributes {
		if v := r.text(name); v != "" {
			q.Attributes[name] = v
		}
	}
	if fifo := r.truth("FifoQueue", false); fifo != strings.HasSuffix(q.Name, ".fifo") {
		b.fail(res.line, "%s: a FIFO queue has a name that ends in .fifo, and no other has", res.id)
	}
	if redrive := r.obj("RedrivePolicy"); redrive.there() {
		target := redrive.must("deadLetterTargetArn")
		if b.find(target, "AWS::SQS::Queue") == nil {
			b.fail(redrive.n.line, "%s: deadLetterTargetArn is no queue of this template", res.id)
		}
		q.Attributes["RedrivePolicy"] = asJSON(map[string]any{
			"deadLetterTargetArn": target, "maxReceiveCount": redrive.number("maxReceiveCount", 0),
		})
		redrive.done()
	}
	if allow := r.obj("RedriveAllowPolicy"); allow.there() {
		policy := map[string]any{"redrivePermission": allow.must("redrivePermission")}
		if arns := allow.texts("sourceQueueArns"); arns != nil {
			policy["sourceQueueArns"] = arns
		}
		q.Attributes["RedriveAllowPolicy"] = asJSON(policy)
		allow.done()
	}
	r.done()
	b.model.Queues = append(b.model.Queues, q)
}

func asJSON(v map[string]any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
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

// A Notification announces the objects of a bucket that match it.
type Notification struct {
	Event  string // s3:ObjectCreated:*
	Target string // the ARN of a queue, topic or function
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

func (b *builder) bucket(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("BucketName", "BucketEncryption", "LifecycleConfiguration", "LoggingConfiguration", "OwnershipControls",
		"PublicAccessBlockConfiguration", "Tags")
	out := Bucket{ID: res.id, Name: b.nameOf(res), ARN: b.expand(res.def.attributes["Arn"], b.nameOf(res))}
	versioning := r.obj("VersioningConfiguration")
	out.Versioned = versioning.text("Status") == "Enabled"
	versioning.done()
	config := r.obj("NotificationConfiguration")
	for _, kind := range []struct{ list, target string }{
		{"QueueConfigurations", "Queue"}, {"TopicConfigurations", "Topic"}, {"LambdaConfigurations", "Function"},
	} {
		config.objs(kind.list, func(r *reader) {
			n := Notification{Event: r.must("Event"), Target: r.must(kind.target)}
			b.objectFilter(&n, r.obj("Filter"))
			out.Notifications = append(out.Notifications, n)
		})
	}
	config.done()
	cors := r.obj("CorsConfiguration")
	cors.objs("CorsRules", func(r *reader) {
		out.CORS = append(out.CORS, BucketCORS{
			AllowedOrigins: r.texts("AllowedOrigins"),
			AllowedMethods: r.texts("AllowedMethods"),
			AllowedHeaders: r.texts("AllowedHeaders"),
			ExposedHeaders: r.texts("ExposedHeaders"),
			MaxAge:         r.number("MaxAge", 0),
		})
		r.skip("Id")
	})
	cors.done()
	r.done()
	b.model.Buckets = append(b.model.Buckets, out)
}

func (b *builder) objectFilter(n *Notification, r *reader) {
	key := r.obj("S3Key")
	key.objs("Rules", func(r *reader) {
		value := r.must("Value")
		if strings.EqualFold(r.oneOf("Name", "prefix", "suffix", "Prefix", "Suffix"), "prefix") {
			n.Prefix = value
		} else {
			n.Suffix = value
		}
	})
	key.done()
	r.done()
}
