package template_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/golden"
)

func ExampleParse() {
	model, err := template.Parse([]byte(`
Resources:
  Intake:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub ${AWS::StackName}-intake
      VisibilityTimeout: 60
`), template.Options{StackName: "heard"})
	if err != nil {
		panic(err)
	}
	fmt.Println(model.Queues[0].Name, model.Queues[0].Attributes)

	_, err = template.Parse([]byte("Resources: {Server: {Type: AWS::EC2::Instance}}"), template.Options{})
	fmt.Println(err)
	// Output:
	// heard-intake map[VisibilityTimeout:60]
	// line 1: resource type AWS::EC2::Instance is not supported
}

func TestParse_Model(t *testing.T) {
	t.Parallel()
	m := parse(t, template.Options{
		Attributes: map[string]string{"Api.ApiEndpoint": "http://127.0.0.1:8080"},
		QueueURL:   func(name string) string { return "http://127.0.0.1:9324/000000000000/" + name },
	})
	golden.JSON(t, filepath.Join("testdata", "stack.golden.json"), m)
}

func TestParse_HeardTemplate(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, params := range []map[string]string{nil, {"MailDomain": "support.example.com", "Departments": "billing"}} {
		m, err := template.Parse(src, template.Options{Parameters: params})
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Functions) == 0 || len(m.Tables) != 1 || len(m.HTTPAPIs) != 1 || len(m.HTTPAPIs[0].Routes) == 0 {
			t.Errorf("with %v: %d functions, %d tables, %d APIs, want some functions, 1 table and 1 API with routes", params, len(m.Functions), len(m.Tables), len(m.HTTPAPIs))
		}
	}
}

func TestParse_ParameterValues(t *testing.T) {
	t.Parallel()
	m := parse(t, template.Options{Parameters: map[string]string{"Stage": "prod", "Departments": "logistics"}})
	if got := m.Functions[0].Env["LEVEL"]; got != "warn" {
		t.Errorf("LEVEL = %q, want warn", got)
	}
	if _, ok := m.Functions[0].Env["ONLY_PROD"]; !ok {
		t.Error("ONLY_PROD is not set, want it in stage prod")
	}
	var queues []string
	for _, q := range m.Queues {
		queues = append(queues, q.Name)
	}
	want := []string{"heard-updates-logistics", "heard-Problemslogistics.fifo", "heard-Dead"}
	if diff := cmp.Diff(want, queues); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
}

func TestTableCreateInput(t *testing.T) {
	t.Parallel()
	in := parse(t, template.Options{}).Tables[0].CreateInput()
	golden.JSON(t, filepath.Join("testdata", "table.golden.json"), in)
}

func parse(t *testing.T, opt template.Options) *template.Model {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "stack.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := template.Parse(src, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// resources returns a template with these resources, which begin on line 2.
func resources(s string) string { return "Resources:\n" + s }

// function returns a template of one function with additional properties, which
// begin on line 7.
func function(s string) string {
	return resources("  F:\n    Type: AWS::Serverless::Function\n    Properties:\n" +
		"      CodeUri: f\n      Handler: bootstrap\n" + s)
}

// api returns a template of function F and API A with one path, whose
// operations are on line 14. More resources begin on line 18.
func api(operations, more string) string {
	return function("") + "  A:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n" +
		"      DefinitionBody:\n        openapi: 3.0.1\n        paths:\n" +
		"          /x/{id}:\n            " + operations + "\n" +
		"        components:\n          x-amazon-apigateway-integrations:\n" +
		`            f: {type: aws_proxy, httpMethod: POST, payloadFormatVersion: "2.0", uri: !Sub "x/functions/${F.Arn}/invocations"}` + "\n" + more
}

const (
	id          = "parameters: [{name: id, in: path, required: true}]"
	integration = `x-amazon-apigateway-integration: {$ref: "#/components/x-amazon-apigateway-integrations/f"}`
	toF         = id + ", " + integration
	permission  = "  P:\n    Type: AWS::Lambda::Permission\n" +
		`    Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref F, Principal: apigateway.amazonaws.com, ` +
		`SourceArn: !Sub "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${A}/$default/*"}` + "\n"
)

var refusals = []struct {
	name   string
	src    string
	params map[string]string
	want   string
}{
	{"unknown resource type", resources("  X: {Type: AWS::EC2::Instance}"), nil,
		"line 2: resource type AWS::EC2::Instance is not supported"},
	{"unknown resource type with a false condition",
		"Conditions:\n  No: !Equals [a, b]\nResources:\n  X: {Type: AWS::EC2::VPC, Condition: No}", nil,
		"line 4: resource type AWS::EC2::VPC is not supported"},
	{"resource without type", resources("  X: {Properties: {}}"), nil, "line 2: X needs Type"},
	{"unknown function by its tag", resources("  X: {Type: AWS::IAM::Role, Properties: {Path: !Select [0, [a]]}}"), nil,
		"line 2: function Fn::Select is not supported"},
	{"unknown function by its name",
		resources("  X:\n    Type: AWS::IAM::Role\n    Properties:\n      Path:\n        Fn::ImportValue: x"), nil,
		"line 6: function Fn::ImportValue is not supported"},
	{"unknown function in a condition", "Conditions:\n  A: !Or [a, b]\nResources: {}", nil,
		"line 2: function Fn::Or is not supported in Conditions"},
	{"condition function among properties", resources("  X: {Type: AWS::IAM::Role, Properties: {Path: !Equals [a, b]}}"), nil,
		"line 2: Fn::Equals is only supported in Conditions"},
	{"loop in properties", resources("  X: {Type: AWS::IAM::Role, Properties: {'Fn::ForEach::L': []}}"), nil,
		"line 2: Fn::ForEach is only supported in Resources"},
	{"loop in outputs", "Resources: {}\nOutputs:\n  Fn::ForEach::L: [a, [b], {}]", nil,
		"line 3: Fn::ForEach is only supported in Resources"},
	{"loop in a loop", resources("  Fn::ForEach::L: [A, [b], {'Fn::ForEach::M': []}]"), nil,
		"line 2: Fn::ForEach within Fn::ForEach is not supported"},
	{"loop with a constant key", resources("  Fn::ForEach::L: [A, [b], {X: {Type: AWS::IAM::Role}}]"), nil,
		"line 2: Fn::ForEach: key X must contain ${A} or &{A}"},
	{"loop over one value", resources("  Fn::ForEach::L: [A, b, {}]"), nil, "line 2: Fn::ForEach needs a list to loop over"},
	{"loop with invalid logical id", resources("  Fn::ForEach::L: [A, [b-c], {'X${A}': {Type: AWS::IAM::Role}}]"), nil,
		`line 2: logical id "Xb-c" is not alphanumeric`},
	{"loop with repeated logical id", resources("  Fn::ForEach::L: [A, [b-c, bc], {'X&{A}': {Type: AWS::IAM::Role}}]"), nil,
		"line 2: resource Xbc is defined twice"},
	{"unknown section", "Mappings: {}\nResources: {}", nil, "line 1: the template: Mappings is not supported"},
	{"unknown transform", "Transform: AWS::Include\nResources: {}", nil, "line 1: Transform AWS::Include is not supported"},
	{"unknown globals", "Globals:\n  Api: {}\nResources: {}", nil, "line 2: Globals: Api is not supported"},
	{"unknown pseudo parameter", resources("  X: {Type: AWS::IAM::Role, Properties: {Path: !Ref 'AWS::StackId'}}"), nil,
		"line 2: pseudo parameter AWS::StackId is not supported"},
	{"unknown reference", resources("  X: {Type: AWS::IAM::Role, Properties: {Path: !Sub 'a${Nothing}'}}"), nil,
		"line 2: Nothing is not a parameter or resource of this template"},
	{"reference to a resource with a false condition",
		"Conditions:\n  No: !Equals [a, b]\nResources:\n  X: {Type: AWS::KMS::Key, Condition: No}\nOutputs:\n  O: {Value: !Ref X}", nil,
		"line 6: resource X is not in this stack: its condition is false"},
	{"unknown attribute", resources("  X: {Type: AWS::KMS::Key}\nOutputs:\n  O: {Value: !GetAtt X.Colour}"), nil,
		"line 4: AWS::KMS::Key has no attribute Colour"},
	{"self-referring name", resources("  X: {Type: AWS::SNS::Topic, Properties: {TopicName: !GetAtt X.TopicName}}"), nil,
		"line 2: the name of X refers to itself"},
	{"dynamic reference", resources("  X: {Type: AWS::IAM::Role, Properties: {Path: '{{resolve:ssm:x}}'}}"), nil,
		"line 2: dynamic references ({{resolve:...}}) are not supported"},
	{"undefined condition", resources("  X: {Type: AWS::KMS::Key, Condition: Maybe}"), nil,
		"line 2: condition Maybe is not defined"},
	{"unknown dependency", resources("  X: {Type: AWS::KMS::Key, DependsOn: Y}"), nil,
		"line 2: X depends on Y, which is not a resource of this template"},
	{"unknown attribute of a resource", resources("  X: {Type: AWS::KMS::Key, CreationPolicy: {}}"), nil,
		"line 2: X: CreationPolicy is not supported"},
	{"unknown parameter type", "Parameters:\n  P: {Type: AWS::SSM::Parameter::Value<String>, Default: x}\nResources: {}", nil,
		"line 2: parameter P: Type AWS::SSM::Parameter::Value<String> is not supported"},
	{"parameter without value", "Parameters:\n  P: {Type: String}\nResources: {}", nil, "line 2: parameter P has no value"},
	{"value not allowed", "Parameters:\n  P: {Type: String, AllowedValues: [a, b]}\nResources: {}",
		map[string]string{"P": "c"}, "line 2: parameter P is not one of a, b"},
	{"value not matching pattern", "Parameters:\n  P: {Type: String, AllowedPattern: '[a-z]+'}\nResources: {}",
		map[string]string{"P": "a1"}, "line 2: parameter P does not match [a-z]+"},
	{"value for unknown parameter", "Resources: {}", map[string]string{"P": "a"}, "line 1: the template has no parameter P"},
	{"unknown event type", function("      Events:\n        E: {Type: Kinesis}"), nil,
		"line 8: event type Kinesis is not supported"},
	{"route as an event", function("      Events:\n        E: {Type: HttpApi, Properties: {Path: /x}}"), nil,
		"line 8: event type HttpApi is not supported: write the route in the DefinitionBody of its API"},
	{"unknown queue", function("      Events:\n        E: {Type: SQS, Properties: {Queue: arn:aws:sqs:x}}"), nil,
		"line 8: FE: the source must be a queue of this template"},
	{"filter not JSON", function("      Events:\n        E:\n          Type: DynamoDB\n          Properties:\n" +
		"            Stream: s\n            FilterCriteria: {Filters: [{Pattern: '{'}]}"), nil,
		"line 12: the pattern must be JSON"},
	{"tumbling window", function("      Events:\n        E:\n          Type: DynamoDB\n          Properties:\n" +
		"            Stream: s\n            TumblingWindowInSeconds: 5"), nil,
		"TumblingWindowInSeconds is not supported"},
	{"unknown property of a function", function("      Layers: [x]"), nil, "line 7: F: Layers is not supported"},
	{"other runtime", function("      Runtime: python3.13"), nil, "line 7: F: Runtime python3.13 is not supported"},
	{"timeout not a number", function("      Timeout: soon"), nil, "line 7: F: Timeout must be a whole number"},
	{"list instead of a value", function("      Timeout: [1]"), nil, "line 7: F Timeout is a list, not a value"},
	{"provisioned table", resources("  T: {Type: AWS::DynamoDB::Table, Properties: {BillingMode: PROVISIONED}}"), nil,
		"line 2: T: BillingMode PROVISIONED is not supported"},
	{"local index", resources("  T: {Type: AWS::DynamoDB::Table, Properties: {BillingMode: PAY_PER_REQUEST, LocalSecondaryIndexes: []}}"),
		nil, "line 2: T: LocalSecondaryIndexes is not supported"},
	{"FIFO queue without .fifo name", resources("  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, FifoQueue: true}}"), nil,
		"line 2: Q: the name of a FIFO queue must end in .fifo, and no other name may"},
	{"HTTP API as ApiGatewayV2",
		resources("  A: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, RouteSelectionExpression: x}}"), nil,
		"use AWS::Serverless::HttpApi"},
	{"unknown authorizer", api("get: {security: [{Missing: [a]}], "+toF+"}", permission), nil,
		"line 14: API A has no authorizer Missing"},
	{"two authorizers", api("get: {security: [{X: [a]}, {Y: [b]}], "+toF+"}", permission), nil,
		"line 14: route GET /x/{id} has 2 authorizers in its security, want 1"},
	{"security without authorizer", api("get: {security: [{}], "+toF+"}", permission), nil,
		"line 14: route GET /x/{id} has 0 authorizers in its security, want 1; leave security out for an open route"},
	{"path parameter without declaration", api("get: {"+integration+"}", permission), nil,
		`line 14: route GET /x/{id} has the parameters [], its path needs ["id"]`},
	{"operation without integration", api("get: {"+id+"}", permission), nil,
		`line 14: route GET /x/{id} needs an integration of the components, "" is not one`},
	{"integration that the components do not have", api("get: {"+id+", x-amazon-apigateway-integration: {$ref: f}}", permission), nil,
		`line 14: route GET /x/{id} needs an integration of the components, "f" is not one`},
	{"unknown method", api("trace: {"+toF+"}", permission), nil, "line 14: A DefinitionBody paths /x/{id}: trace is not supported"},
	{"unknown field of an operation", api("get: {deprecated: true, "+toF+"}", permission), nil, "deprecated is not supported"},
	{"integration of another function",
		strings.ReplaceAll(api("get: {"+toF+"}", permission), "functions/${F.Arn}", "functions/other"), nil,
		"line 17: integration f: uri must contain a function of this template"},
	{"integration of another version",
		strings.ReplaceAll(api("get: {"+toF+"}", permission), `payloadFormatVersion: "2.0"`, `payloadFormatVersion: "1.0"`), nil,
		"payloadFormatVersion 1.0 is not supported"},
	{"route without permission", api("get: {"+toF+"}", ""), nil,
		"line 7: API A: function heard-F has 0 permissions (AWS::Lambda::Permission) with SourceArn arn:aws:execute-api:eu-west-1:000000000000:a/$default/*, want 1"},
	{"two permissions", api("get: {"+toF+"}", permission+strings.ReplaceAll(permission, "P:", "Q:")), nil,
		"line 7: API A: function heard-F has 2 permissions"},
	{"permission for every API", api("get: {"+toF+"}", strings.ReplaceAll(permission, "${A}/$default/*", "*/$default/*")), nil,
		"line 18: P: SourceArn must be .../${Api}/<stage>/* of an HTTP API of this template, it is arn:aws:execute-api:eu-west-1:000000000000:*/$default/*"},
	{"permission for every stage", api("get: {"+toF+"}", strings.ReplaceAll(permission, "/$default/*", "/*")), nil,
		"line 18: P: SourceArn must be"},
	{"permission for one route", api("get: {"+toF+"}", strings.ReplaceAll(permission, "/$default/*", "/$default/GET/x")), nil,
		"line 18: P: SourceArn must be"},
	{"permission without source", api("get: {"+toF+"}", strings.ReplaceAll(permission, "SourceArn", "SourceAccount")), nil,
		"line 20: P needs SourceArn"},
	{"permission for another action", api("get: {"+toF+"}", strings.ReplaceAll(permission, "InvokeFunction", "*")), nil,
		"line 20: P: Action lambda:* is not supported"},
	{"YAML alias", "Resources: &r {}\nOutputs: *r", nil, "line 1: YAML anchor is not supported"},
	{"function beside other keys", resources("  X: {Type: AWS::IAM::Role, Properties: {Path: {Ref: X, A: b}}}"), nil,
		"line 2: Ref must not have other keys beside it"},
	{"unquoted function in braces", resources("  X: {Fn::Sub: x}"), nil,
		"line 2: in braces, a key with colons must be quoted"},
	{"no resources", "Description: x", nil, "line 1: the template must have Resources"},
	{"invalid YAML", "a: [", nil, "the template is not valid YAML"},
}

func TestParse_Errors(t *testing.T) {
	t.Parallel()
	for _, tc := range refusals {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := template.Parse([]byte(tc.src), template.Options{Parameters: tc.params})
			if err == nil {
				t.Fatalf("no error, want %q", tc.want)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q, want %q", err, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	src, err := os.ReadFile(filepath.Join("testdata", "stack.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	for _, tc := range refusals {
		f.Add([]byte(tc.src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		m, err := template.Parse(src, template.Options{})
		if (m == nil) == (err == nil) {
			t.Fatal("Parse returned both or neither of a model and an error, want one")
		}
	})
}
