package template

// A Secret is one secret of Secrets Manager. Its value is fixed or generated.
type Secret struct {
	ID       string
	Name     string
	ARN      string
	Value    string
	Generate *GenerateSecret
}

// GenerateSecret configures the generation of a random secret.
type GenerateSecret struct {
	Template           string // JSON object to which Key is added; if empty, the secret is plain text
	Key                string
	Length             int
	ExcludeCharacters  string
	ExcludePunctuation bool
	ExcludeLowercase   bool
	ExcludeUppercase   bool
	ExcludeNumbers     bool
	IncludeSpace       bool
}

func (b *builder) readSecret(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("Name", "Description", "KmsKeyId", "Tags")
	s := Secret{
		ID: res.id, Name: b.physicalName(res), Value: r.textValue("SecretString"),
		ARN: b.expandPattern(res.handler.attributes[""], b.physicalName(res)),
	}
	if g := r.object("GenerateSecretString"); g.isPresent() {
		s.Generate = &GenerateSecret{
			Template:           g.textValue("SecretStringTemplate"),
			Key:                g.textValue("GenerateStringKey"),
			Length:             g.intValue("PasswordLength", 32),
			ExcludeCharacters:  g.textValue("ExcludeCharacters"),
			ExcludePunctuation: g.boolValue("ExcludePunctuation", false),
			ExcludeLowercase:   g.boolValue("ExcludeLowercase", false),
			ExcludeUppercase:   g.boolValue("ExcludeUppercase", false),
			ExcludeNumbers:     g.boolValue("ExcludeNumbers", false),
			IncludeSpace:       g.boolValue("IncludeSpace", false),
		}
		g.ignoreFields("RequireEachIncludedType").refuseUnread()
	}
	r.refuseUnread()
	b.model.Secrets = append(b.model.Secrets, s)
}

// A Topic is one SNS topic.
type Topic struct {
	ID            string
	Name          string
	ARN           string
	Subscriptions []Subscription
}

// A Subscription is one receiver of a topic. A function that has the topic in
// its Events is in [Function.Topics] instead.
type Subscription struct{ Protocol, Endpoint string }

func (b *builder) readTopic(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("TopicName", "DisplayName", "KmsMasterKeyId", "Tags")
	t := Topic{ID: res.id, Name: b.physicalName(res), ARN: b.expandPattern(res.handler.attributes[""], b.physicalName(res))}
	r.eachObject("Subscription", func(r *reader) {
		t.Subscriptions = append(t.Subscriptions, Subscription{r.allowedText("Protocol", "sqs", "lambda"), r.requiredText("Endpoint")})
	})
	r.refuseUnread()
	b.model.Topics = append(b.model.Topics, t)
}

// refuseSubscription reports a subscription resource, which subscribes to a
// topic outside the stack.
func (b *builder) refuseSubscription(res *resource) {
	b.reportError(res.line, "%s: a subscription to a topic outside the stack does not run on this machine", res.id)
}

// A MailRule configures the handling of mail that SES receives.
type MailRule struct {
	ID         string
	Enabled    bool
	Recipients []string // addresses and domains; if empty, all
	Actions    []MailAction
}

// A MailAction is one action of a rule: it stores the mail in a bucket, invokes
// a function or publishes to a topic.
type MailAction struct {
	Bucket   string
	Prefix   string
	Function string // ARN
	Async    bool   // invoke Function asynchronously
	Topic    string // ARN; with Bucket or Function it is published to after them
}

func (b *builder) readMailRule(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("RuleSetName", "After")
	rule := r.object("Rule")
	m := MailRule{ID: res.id, Enabled: rule.boolValue("Enabled", false), Recipients: rule.textValues("Recipients")}
	rule.eachObject("Actions", func(r *reader) {
		if len(r.node.mappingKeys()) != 1 {
			b.reportError(nodeLine(r.node), "%s: an action must have exactly one of S3Action, LambdaAction and SNSAction", res.id)
		}
		s3 := r.object("S3Action")
		fn := r.object("LambdaAction")
		sns := r.object("SNSAction")
		var a MailAction
		switch {
		case s3.isPresent():
			a = MailAction{Bucket: s3.requiredText("BucketName"), Prefix: s3.textValue("ObjectKeyPrefix"), Topic: s3.textValue("TopicArn")}
			s3.ignoreFields("KmsKeyArn", "IamRoleArn").refuseUnread()
		case fn.isPresent():
			async := fn.allowedText("InvocationType", "Event", "RequestResponse") == "Event"
			a = MailAction{Function: fn.requiredText("FunctionArn"), Async: async, Topic: fn.textValue("TopicArn")}
			fn.refuseUnread()
		case sns.isPresent():
			a = MailAction{Topic: sns.requiredText("TopicArn")}
			sns.ignoreFields("Encoding").refuseUnread()
		}
		m.Actions = append(m.Actions, a)
	})
	rule.ignoreFields("Name", "ScanEnabled", "TlsPolicy").refuseUnread()
	r.refuseUnread()
	b.model.MailRules = append(b.model.MailRules, m)
}

// SendingEvents configures the topic that gets the delivery events of a
// configuration set.
type SendingEvents struct {
	Set   string
	Types []string
	Topic string // ARN
}

func (b *builder) readSendingEvents(res *resource) {
	r := b.openReader(res.properties, res.id)
	e := SendingEvents{Set: r.requiredText("ConfigurationSetName")}
	to := r.object("EventDestination")
	if to.boolValue("Enabled", false) {
		e.Types = to.textValues("MatchingEventTypes")
	}
	topic := to.object("SnsDestination")
	e.Topic = topic.requiredText("TopicARN")
	topic.refuseUnread()
	to.ignoreFields("Name").refuseUnread()
	r.refuseUnread()
	b.model.SendingEvents = append(b.model.SendingEvents, e)
}

func (n *node) mappingKeys() []string {
	if n == nil {
		return nil
	}
	return n.keys
}
