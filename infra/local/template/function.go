package template

import (
	"encoding/json"
	"slices"
	"time"
)

// readFunction reads an AWS::Serverless::Function with its events.
func (b *builder) readFunction(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("FunctionName", "Architectures", "AutoPublishAlias", "DeploymentPreference", "Description",
		"EphemeralStorage", "KmsKeyArn", "LoggingConfig", "PermissionsBoundary", "Policies", "PropagateTags",
		"Role", "Tags", "Tracing")
	r.allowedText("Runtime", "provided.al2023")
	r.allowedText("PackageType", "Zip")
	f := Function{
		ID:          res.id,
		Name:        b.physicalName(res),
		ARN:         b.expandPattern(res.handler.attributes["Arn"], b.physicalName(res)),
		CodeURI:     r.requiredText("CodeUri"),
		Handler:     r.requiredText("Handler"),
		Env:         map[string]string{},
		Timeout:     r.secondsValue("Timeout", 3),
		MemoryMB:    r.intValue("MemorySize", 128),
		Concurrency: r.intValue("ReservedConcurrentExecutions", 0),
		Async:       b.readAsync(r.object("EventInvokeConfig")),
	}
	env := r.object("Environment")
	if vars := env.object("Variables"); vars.isPresent() {
		for _, k := range vars.node.keys {
			f.Env[k] = vars.textValue(k)
		}
	}
	env.refuseUnread()
	if events := r.object("Events"); events.isPresent() {
		for _, name := range events.node.keys {
			b.readEvent(&f, name, events.object(name))
		}
	}
	r.refuseUnread()
	b.model.Functions = append(b.model.Functions, f)
}

func (b *builder) readAsync(r *reader) Async {
	a := Async{
		Retries: r.intValue("MaximumRetryAttempts", 2),
		MaxAge:  r.secondsValue("MaximumEventAgeInSeconds", 6*60*60),
	}
	destinations := r.object("DestinationConfig")
	a.OnFailure = b.readOnFailure(destinations)
	destinations.refuseUnread()
	r.refuseUnread()
	return a
}

func (b *builder) readOnFailure(r *reader) string {
	o := r.object("OnFailure")
	defer o.refuseUnread()
	o.ignoreFields("Type")
	return o.textValue("Destination")
}

// readEvent reads one entry of a function's Events.
func (b *builder) readEvent(f *Function, name string, r *reader) {
	typ := r.requiredText("Type")
	props := r.object("Properties")
	r.refuseUnread()
	id := f.ID + name
	switch typ {
	case "HttpApi":
		b.reportError(r.node.field("Type").line, "event type HttpApi is not supported: write the route in the DefinitionBody of its API")
		return
	case "DynamoDB":
		f.Streams = append(f.Streams, b.readStream(id, props.requiredText("Stream"), props))
	case "SQS":
		f.Queues = append(f.Queues, b.readQueueSource(id, props.requiredText("Queue"), props))
	case "Schedule":
		f.Schedules = append(f.Schedules, Schedule{
			ID:         id,
			Name:       props.textValue("Name"),
			Expression: props.requiredText("Schedule"),
			Input:      props.textValue("Input"),
			Enabled:    props.boolValue("Enabled", true) && props.textValue("State") != "DISABLED",
		})
		props.ignoreFields("Description")
	case "SNS":
		f.Topics = append(f.Topics, props.requiredText("Topic"))
	case "":
		return
	default:
		b.reportError(r.node.field("Type").line, "event type %s is not supported", typ)
		return
	}
	props.refuseUnread()
}

// readEventSourceMapping reads an AWS::Lambda::EventSourceMapping. Unlike an
// event of a function, it can be in a loop.
func (b *builder) readEventSourceMapping(res *resource) {
	r := b.openReader(res.properties, res.id)
	name := r.requiredText("FunctionName")
	source := r.requiredText("EventSourceArn")
	fn := b.findResource(name, functionType)
	if fn == nil {
		b.reportError(res.line, "%s: FunctionName must be a function of this template", res.id)
		return
	}
	i := slices.IndexFunc(b.model.Functions, func(f Function) bool { return f.ID == fn.id })
	f := &b.model.Functions[i]
	if b.findResource(source, "AWS::SQS::Queue") != nil {
		f.Queues = append(f.Queues, b.readQueueSource(res.id, source, r))
	} else {
		f.Streams = append(f.Streams, b.readStream(res.id, source, r))
	}
	r.ignoreFields("Tags").refuseUnread()
}

func (b *builder) readStream(id, arn string, r *reader) Stream {
	s := Stream{
		ID:               id,
		Enabled:          r.boolValue("Enabled", true),
		StartingPosition: r.allowedText("StartingPosition", "TRIM_HORIZON", "LATEST"),
		BatchSize:        r.intValue("BatchSize", 100),
		Window:           r.secondsValue("MaximumBatchingWindowInSeconds", 0),
		Parallelization:  r.intValue("ParallelizationFactor", 1),
		Filters:          b.readFilters(r),
		Bisect:           r.boolValue("BisectBatchOnFunctionError", false),
		Retries:          r.intValue("MaximumRetryAttempts", -1),
		MaxAge:           r.secondsValue("MaximumRecordAgeInSeconds", -1),
		ReportFailures:   b.readReportFailures(r),
	}
	destinations := r.object("DestinationConfig")
	s.OnFailure = b.readOnFailure(destinations)
	destinations.refuseUnread()
	table := b.findResource(arn, "AWS::DynamoDB::Table")
	if table == nil {
		if arn != "" {
			b.reportError(nodeLine(r.node), "%s: the source must be the stream of a table of this template", id)
		}
		return s
	}
	s.Table = b.physicalName(table)
	return s
}

func (b *builder) readQueueSource(id, arn string, r *reader) QueueSource {
	scaling := r.object("ScalingConfig")
	q := QueueSource{
		ID:             id,
		Enabled:        r.boolValue("Enabled", true),
		BatchSize:      r.intValue("BatchSize", 10),
		Window:         r.secondsValue("MaximumBatchingWindowInSeconds", 0),
		Filters:        b.readFilters(r),
		ReportFailures: b.readReportFailures(r),
		MaxConcurrency: scaling.intValue("MaximumConcurrency", 0),
	}
	scaling.refuseUnread()
	queue := b.findResource(arn, "AWS::SQS::Queue")
	if queue == nil {
		if arn != "" {
			b.reportError(nodeLine(r.node), "%s: the source must be a queue of this template", id)
		}
		return q
	}
	q.Queue = b.physicalName(queue)
	if q.BatchSize > 10 && q.Window < time.Second {
		b.reportError(nodeLine(r.node), "%s: a BatchSize above 10 needs a batching window", id)
	}
	return q
}

func (b *builder) readFilters(r *reader) []string {
	criteria := r.object("FilterCriteria")
	defer criteria.refuseUnread()
	var out []string
	criteria.eachObject("Filters", func(f *reader) {
		pattern := f.requiredText("Pattern")
		if pattern != "" && !json.Valid([]byte(pattern)) {
			b.reportError(f.node.field("Pattern").line, "the pattern must be JSON")
		}
		out = append(out, pattern)
	})
	return out
}

func (b *builder) readReportFailures(r *reader) bool {
	b.checkAllowed(r.node.field("FunctionResponseTypes"), "FunctionResponseTypes", "ReportBatchItemFailures")
	return len(r.textValues("FunctionResponseTypes")) > 0
}
