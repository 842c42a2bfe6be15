package template

import (
	"encoding/json"
	"slices"
	"time"
)

// function reads an AWS::Serverless::Function.
func (b *builder) function(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("FunctionName", "Architectures", "AutoPublishAlias", "DeploymentPreference", "Description",
		"EphemeralStorage", "KmsKeyArn", "LoggingConfig", "PermissionsBoundary", "Policies", "PropagateTags",
		"Role", "Tags", "Tracing")
	r.oneOf("Runtime", "provided.al2023")
	r.oneOf("PackageType", "Zip")
	f := Function{
		ID:          res.id,
		Name:        b.nameOf(res),
		ARN:         b.expand(res.def.attributes["Arn"], b.nameOf(res)),
		CodeURI:     r.must("CodeUri"),
		Handler:     r.must("Handler"),
		Env:         map[string]string{},
		Timeout:     r.seconds("Timeout", 3),
		MemoryMB:    r.number("MemorySize", 128),
		Concurrency: r.number("ReservedConcurrentExecutions", 0),
		Async:       b.async(r.obj("EventInvokeConfig")),
	}
	env := r.obj("Environment")
	if vars := env.obj("Variables"); vars.there() {
		for _, k := range vars.n.keys {
			f.Env[k] = vars.text(k)
		}
	}
	env.done()
	if events := r.obj("Events"); events.there() {
		for _, name := range events.n.keys {
			b.event(&f, name, events.obj(name))
		}
	}
	r.done()
	b.model.Functions = append(b.model.Functions, f)
}

func (b *builder) async(r *reader) Async {
	a := Async{
		Retries: r.number("MaximumRetryAttempts", 2),
		MaxAge:  r.seconds("MaximumEventAgeInSeconds", 6*60*60),
	}
	destinations := r.obj("DestinationConfig")
	a.OnFailure = b.onFailure(destinations)
	destinations.done()
	r.done()
	return a
}

func (b *builder) onFailure(r *reader) string {
	o := r.obj("OnFailure")
	defer o.done()
	o.skip("Type")
	return o.text("Destination")
}

// event reads one entry of a function's Events.
func (b *builder) event(f *Function, name string, r *reader) {
	typ, props := r.must("Type"), r.obj("Properties")
	r.done()
	id := f.ID + name
	switch typ {
	case "HttpApi":
		b.route(f, props)
	case "DynamoDB":
		f.Streams = append(f.Streams, b.stream(id, props.must("Stream"), props))
	case "SQS":
		f.Queues = append(f.Queues, b.queueSource(id, props.must("Queue"), props))
	case "Schedule":
		f.Schedules = append(f.Schedules, Schedule{
			ID:         id,
			Name:       props.text("Name"),
			Expression: props.must("Schedule"),
			Input:      props.text("Input"),
			Enabled:    props.truth("Enabled", true) && props.text("State") != "DISABLED",
		})
		props.skip("Description")
	case "SNS":
		f.Topics = append(f.Topics, props.must("Topic"))
	case "":
		return
	default:
		b.fail(r.n.get("Type").line, "event type %s is not supported", typ)
		return
	}
	props.done()
}

// mapping reads an AWS::Lambda::EventSourceMapping: it lets a mapping stand
// in a loop, which an event of a function cannot.
func (b *builder) mapping(res *resource) {
	r := b.open(res.props, res.id)
	name, source := r.must("FunctionName"), r.must("EventSourceArn")
	fn := b.find(name, functionType)
	if fn == nil {
		b.fail(res.line, "%s: FunctionName is no function of this template", res.id)
		return
	}
	i := slices.IndexFunc(b.model.Functions, func(f Function) bool { return f.ID == fn.id })
	f := &b.model.Functions[i]
	if b.find(source, "AWS::SQS::Queue") != nil {
		f.Queues = append(f.Queues, b.queueSource(res.id, source, r))
	} else {
		f.Streams = append(f.Streams, b.stream(res.id, source, r))
	}
	r.skip("Tags").done()
}

func (b *builder) stream(id, arn string, r *reader) Stream {
	s := Stream{
		ID:               id,
		Enabled:          r.truth("Enabled", true),
		StartingPosition: r.oneOf("StartingPosition", "TRIM_HORIZON", "LATEST"),
		BatchSize:        r.number("BatchSize", 100),
		Window:           r.seconds("MaximumBatchingWindowInSeconds", 0),
		Parallelization:  r.number("ParallelizationFactor", 1),
		Filters:          b.filters(r),
		Bisect:           r.truth("BisectBatchOnFunctionError", false),
		Retries:          r.number("MaximumRetryAttempts", -1),
		MaxAge:           r.seconds("MaximumRecordAgeInSeconds", -1),
		ReportFailures:   b.reportFailures(r),
	}
	destinations := r.obj("DestinationConfig")
	s.OnFailure = b.onFailure(destinations)
	destinations.done()
	table := b.find(arn, "AWS::DynamoDB::Table")
	if table == nil {
		if arn != "" {
			b.fail(lineOf(r.n), "%s: the source is no stream of a table of this template", id)
		}
		return s
	}
	s.Table = b.nameOf(table)
	return s
}

func (b *builder) queueSource(id, arn string, r *reader) QueueSource {
	scaling := r.obj("ScalingConfig")
	q := QueueSource{
		ID:             id,
		Enabled:        r.truth("Enabled", true),
		BatchSize:      r.number("BatchSize", 10),
		Window:         r.seconds("MaximumBatchingWindowInSeconds", 0),
		Filters:        b.filters(r),
		ReportFailures: b.reportFailures(r),
		MaxConcurrency: scaling.number("MaximumConcurrency", 0),
	}
	scaling.done()
	queue := b.find(arn, "AWS::SQS::Queue")
	if queue == nil {
		if arn != "" {
			b.fail(lineOf(r.n), "%s: the source is no queue of this template", id)
		}
		return q
	}
	q.Queue = b.nameOf(queue)
	if q.BatchSize > 10 && q.Window < time.Second {
		b.fail(lineOf(r.n), "%s: a BatchSize above 10 needs a batching window", id)
	}
	return q
}

func (b *builder) filters(r *reader) []string {
	criteria := r.obj("FilterCriteria")
	defer criteria.done()
	var out []string
	criteria.objs("Filters", func(f *reader) {
		pattern := f.must("Pattern")
		if pattern != "" && !json.Valid([]byte(pattern)) {
			b.fail(f.n.get("Pattern").line, "the pattern is not JSON")
		}
		out = append(out, pattern)
	})
	return out
}

func (b *builder) reportFailures(r *reader) bool {
	b.oneOfEach(r.n.get("FunctionResponseTypes"), "FunctionResponseTypes", "ReportBatchItemFailures")
	return len(r.texts("FunctionResponseTypes")) > 0
}
