package template

const functionType = "AWS::Serverless::Function"

// A resourceHandler handles one resource type. If read is nil, the type has no
// local effect.
type resourceHandler struct {
	nameKey    string            // property with the physical name
	attributes map[string]string // patterns for Fn::GetAtt by attribute, and for Ref under ""
	read       func(*builder, *resource)
}

// resourceHandlers holds the handlers of all supported resource types.
var resourceHandlers = map[string]resourceHandler{
	functionType: {"FunctionName", map[string]string{
		"":        "{name}",
		"Arn":     "arn:lambda:{region}:{account}:function:{name}",
		"Alias":   "arn:lambda:{region}:{account}:function:{name}:live",
		"Version": "arn:lambda:{region}:{account}:function:{name}:1",
	}, (*builder).readFunction},
	"AWS::Lambda::EventSourceMapping": {"", map[string]string{"": "{name}", "Id": "{name}"}, (*builder).readEventSourceMapping},
	"AWS::Lambda::Permission":         {"", refOnly, (*builder).readPermission},

	"AWS::Serverless::HttpApi":       {"", httpAPIAttributes, (*builder).readHTTPAPI},
	"AWS::ApiGatewayV2::Api":         {"", webSocketAttributes, (*builder).readWebSocketAPI},
	"AWS::ApiGatewayV2::Route":       {"", refOnly, (*builder).readWebSocketRoute},
	"AWS::ApiGatewayV2::Integration": {"", refOnly, (*builder).readWebSocketIntegration},
	"AWS::ApiGatewayV2::Stage":       {"StageName", refOnly, (*builder).readWebSocketStage},

	"AWS::DynamoDB::Table": {"TableName", map[string]string{
		"":          "{name}",
		"Arn":       "arn:dynamodb:{region}:{account}:table/{name}",
		"StreamArn": "arn:dynamodb:{region}:{account}:table/{name}/stream/local",
	}, (*builder).readTable},
	"AWS::SQS::Queue": {"QueueName", map[string]string{
		"":          "{url}",
		"QueueUrl":  "{url}",
		"QueueName": "{name}",
		"Arn":       "arn:sqs:{region}:{account}:{name}",
	}, (*builder).readQueue},
	"AWS::S3::Bucket": {"BucketName", map[string]string{
		"":                   "{name}",
		"Arn":                "arn:s3:::{name}",
		"DomainName":         "{name}.s3.amazonaws.com",
		"RegionalDomainName": "{name}.s3.{region}.amazonaws.com",
	}, (*builder).readBucket},
	"AWS::SecretsManager::Secret": {"Name", map[string]string{
		"":   "arn:secretsmanager:{region}:{account}:secret:{name}",
		"Id": "arn:secretsmanager:{region}:{account}:secret:{name}",
	}, (*builder).readSecret},
	"AWS::SNS::Topic": {"TopicName", map[string]string{
		"":          "arn:sns:{region}:{account}:{name}",
		"TopicArn":  "arn:sns:{region}:{account}:{name}",
		"TopicName": "{name}",
	}, (*builder).readTopic},
	"AWS::SNS::Subscription":                     {"", refOnly, (*builder).refuseSubscription},
	"AWS::SES::ReceiptRule":                      {"", refOnly, (*builder).readMailRule},
	"AWS::SES::ConfigurationSetEventDestination": {"", refOnly, (*builder).readSendingEvents},

	// These types have no local effect: the local stack has no alarms, keys,
	// log retention, deployments or choice of mail rule sets.
	"AWS::ApiGatewayV2::Deployment": {"", refOnly, nil},
	"AWS::CloudWatch::Alarm":        {"AlarmName", refAndARN("arn:cloudwatch:{region}:{account}:alarm:{name}"), nil},
	"AWS::IAM::ManagedPolicy":       {"", map[string]string{"": "arn:iam::{account}:policy/{name}"}, nil},
	"AWS::IAM::Policy":              {"PolicyName", refOnly, nil},
	"AWS::IAM::Role":                {"RoleName", refAndARN("arn:iam::{account}:role/{name}"), nil},
	"AWS::KMS::Alias":               {"AliasName", refOnly, nil},
	"AWS::KMS::Key": {"", map[string]string{
		"": "{name}", "KeyId": "{name}", "Arn": "arn:kms:{region}:{account}:key/{name}"}, nil},
	"AWS::Logs::LogGroup":        {"LogGroupName", refAndARN("arn:logs:{region}:{account}:log-group:{name}:*"), nil},
	"AWS::S3::BucketPolicy":      {"", refOnly, nil},
	"AWS::SES::ConfigurationSet": {"Name", refOnly, nil},
	"AWS::SES::ReceiptRuleSet":   {"RuleSetName", refOnly, nil},
	"AWS::SNS::TopicPolicy":      {"", refOnly, nil},
	"AWS::SQS::QueuePolicy":      {"", refOnly, nil},
}

// partTypes are the resource types that are read last, because they extend
// another resource.
var partTypes = map[string]bool{
	"AWS::Lambda::EventSourceMapping": true,
	"AWS::Lambda::Permission":         true,
	"AWS::ApiGatewayV2::Integration":  true,
	"AWS::ApiGatewayV2::Route":        true,
	"AWS::ApiGatewayV2::Stage":        true,
}

// httpAPIAttributes and webSocketAttributes are the values of Ref ("") and
// Fn::GetAtt for an API. They have the URLs of AWS; [Options.Attributes]
// replaces these with local URLs.
var (
	refOnly           = map[string]string{"": "{name}"}
	httpAPIAttributes = map[string]string{
		"":            "{name}",
		"ApiId":       "{name}",
		"ApiEndpoint": "https://{name}.execute-api.{region}.amazonaws.com",
	}
	webSocketAttributes = map[string]string{
		"":            "{name}",
		"ApiId":       "{name}",
		"ApiEndpoint": "wss://{name}.execute-api.{region}.amazonaws.com",
	}
)

func refAndARN(arn string) map[string]string {
	return map[string]string{"": "{name}", "Arn": arn}
}
