package template

// A Secret is one secret of Secrets Manager: a fixed text, or one to make.
type Secret struct {
	ID       string
	Name     string
	ARN      string
	Value    string
	Generate *GenerateSecret
}

// GenerateSecret says how a secret is made at random.
type GenerateSecret struct {
	Template           string // JSON that Key is added to; "" is a bare text
	Key                string
	Length             int
	ExcludeCharacters  string
	ExcludePunctuation bool
	ExcludeLowercase   bool
	ExcludeUppercase   bool
	ExcludeNumbers     bool
	IncludeSpace       bool
}

func (b *builder) secret(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("Name", "Description", "KmsKeyId", "Tags")
	s := Secret{
		ID: res.id, Name: b.nameOf(res), Value: r.text("SecretString"),
		ARN: b.expand(res.def.attributes[""], b.nameOf(res)),
	}
	if g := r.obj("GenerateSecretString"); g.there() {
		s.Generate = &GenerateSecret{
			Template:           g.text("SecretStringTemplate"),
			Key:                g.text("GenerateStringKey"),
			Length:             g.number("PasswordLength", 32),
			ExcludeCharacters:  g.text("ExcludeCharacters"),
			ExcludePunctuation: g.truth("ExcludePunctuation", false),
			ExcludeLowercase:   g.truth("ExcludeLowercase", false),
			ExcludeUppercase:   g.truth("ExcludeUppercase", false),
			ExcludeNumbers:     g.truth("ExcludeNumbers", false),
			IncludeSpace:       g.truth("IncludeSpace", false),
		}
		g.skip("RequireEachIncludedType").done()
	}
	r.done()
	b.model.Secrets = append(b.model.Secrets, s)
}

// A Topic is one SNS topic.
type Topic struct {
	ID            string
	Name          string
	ARN           string
	Subscriptions []Subscription
}

// A Subscription is one receiver of a topic; functions that name the topic in
// their Events are in [Function.Topics] instead.
type Subscription struct{ Protocol, Endpoint string }

func (b *builder) topic(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("TopicName", "DisplayName", "KmsMasterKeyId", "Tags")
	t := Topic{ID: res.id, Name: b.nameOf(res), ARN: b.expand(res.def.attributes[""], b.nameOf(res))}
	r.objs("Subscription", func(r *reader) {
		t.Subscriptions = append(t.Subscriptions, Subscription{r.oneOf("Protocol", "sqs", "lambda"), r.must("Endpoint")})
	})
	r.done()
	b.model.Topics = append(b.model.Topics, t)
}

// subscription refuses a subscription by itself, which is one to a topic of
// somebody else.
func (b *builder) subscription(res *resource) {
	b.fail(res.line, "%s: a subscription to a topic outside the stack does not run on this machine", res.id)
}

// A MailRule says what becomes of mail that SES receives.
type MailRule struct {
	ID         string
	Enabled    bool
	Recipients []string // addresses and domains; none is all
	Actions    []MailAction
}

// A MailAction is one step of a rule: it stores in a bucket, calls a function
// or announces to a topic.
type MailAction struct {
	Bucket   string
	Prefix   string
	Function string // an ARN
	Async    bool   // of Function
	Topic    string // an ARN; with Bucket or Function it is told when they are done
}

func (b *builder) mailRule(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("RuleSetName", "After")
	rule := r.obj("Rule")
	m := MailRule{ID: res.id, Enabled: rule.truth("Enabled", false), Recipients: rule.texts("Recipients")}
	rule.objs("Actions", func(r *reader) {
		if len(r.n.keysOrNone()) != 1 {
			b.fail(lineOf(r.n), "%s: an action is one of S3Action, LambdaAction and SNSAction", res.id)
		}
		s3, fn, sns := r.obj("S3Action"), r.obj("LambdaAction"), r.obj("SNSAction")
		var a MailAction
		switch {
		case s3.there():
			a = MailAction{Bucket: s3.must("BucketName"), Prefix: s3.text("ObjectKeyPrefix"), Topic: s3.text("TopicArn")}
			s3.skip("KmsKeyArn", "IamRoleArn").done()
		case fn.there():
			async := fn.oneOf("InvocationType", "Event", "RequestResponse") == "Event"
			a = MailAction{Function: fn.must("FunctionArn"), Async: async, Topic: fn.text("TopicArn")}
			fn.done()
		case sns.there():
			a = MailAction{Topic: sns.must("TopicArn")}
			sns.skip("Encoding").done()
		}
		m.Actions = append(m.Actions, a)
	})
	rule.skip("Name", "ScanEnabled", "TlsPolicy").done()
	r.done()
	b.model.MailRules = append(b.model.MailRules, m)
}

// SendingEvents says who is told what becomes of mail that is sent with a
// configuration set.
type SendingEvents struct {
	Set   string
	Types []string
	Topic string // an ARN
}

func (b *builder) sendingEvents(res *resource) {
	r := b.open(res.props, res.id)
	e := SendingEvents{Set: r.must("ConfigurationSetName")}
	to := r.obj("EventDestination")
	if to.truth("Enabled", false) {
		e.Types = to.texts("MatchingEventTypes")
	}
	topic := to.obj("SnsDestination")
	e.Topic = topic.must("TopicARN")
	topic.done()
	to.skip("Name").done()
	r.done()
	b.model.SendingEvents = append(b.model.SendingEvents, e)
}

func (n *node) keysOrNone() []string {
	if n == nil {
		return nil
	}
	return n.keys
}
