package template

import (
	"slices"
	"strings"
)

// A WebSocketAPI is one API Gateway WebSocket API.
type WebSocketAPI struct {
	ID             string
	Name           string // the API's id in URLs and events
	Stage          string
	RouteSelection string // $request.body.action
	Routes         []WebSocketRoute
}

// A WebSocketRoute hands the messages of one route key to a function.
type WebSocketRoute struct {
	Key      string // $connect, $disconnect, $default or a value of the selection
	Function string // the name of the function
}

// webSocketAPI reads an AWS::ApiGatewayV2::Api. An HTTP API is written as
// AWS::Serverless::HttpApi.
func (b *builder) webSocketAPI(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("Name", "Description", "Tags", "ApiKeySelectionExpression", "DisableSchemaValidation")
	if r.must("ProtocolType") == "HTTP" {
		b.fail(res.line, "%s: protocol HTTP is not supported here, use AWS::Serverless::HttpApi", res.id)
	}
	b.model.WebSocketAPIs = append(b.model.WebSocketAPIs, WebSocketAPI{
		ID: res.id, Name: b.nameOf(res), RouteSelection: r.must("RouteSelectionExpression"),
	})
	r.done()
}

// webSocketOf is the API that ApiId names, which has been read before its parts.
func (b *builder) webSocketOf(res *resource, r *reader) *WebSocketAPI {
	id := r.must("ApiId")
	i := slices.IndexFunc(b.model.WebSocketAPIs, func(a WebSocketAPI) bool { return a.Name == id })
	if i < 0 {
		b.fail(res.line, "%s: ApiId is no WebSocket API of this template", res.id)
		return &WebSocketAPI{}
	}
	return &b.model.WebSocketAPIs[i]
}

func (b *builder) webSocketStage(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("AccessLogSettings", "AutoDeploy", "DefaultRouteSettings", "DeploymentId", "Description", "Tags")
	b.webSocketOf(res, r).Stage = r.must("StageName")
	r.done()
}

func (b *builder) webSocketIntegration(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("Description", "IntegrationMethod", "TimeoutInMillis")
	b.webSocketOf(res, r)
	r.oneOf("IntegrationType", "AWS_PROXY")
	if b.integrated(res) == nil {
		b.fail(res.line, "%s: IntegrationUri holds no function of this template", res.id)
	}
	r.skip("IntegrationUri").done()
}

// integrated is the function that an integration's URI names:
// arn:...:path/2015-03-31/functions/<function ARN>/invocations.
func (b *builder) integrated(res *resource) *resource {
	_, uri, _ := strings.Cut(lookText(res.props, "IntegrationUri"), "/functions/")
	return b.find(strings.TrimSuffix(uri, "/invocations"), functionType)
}

func (b *builder) webSocketRoute(res *resource) {
	r := b.open(res.props, res.id)
	r.skip("OperationName")
	r.oneOf("AuthorizationType", "NONE")
	api := b.webSocketOf(res, r)
	route := WebSocketRoute{Key: r.must("RouteKey")}
	target := b.find(strings.TrimPrefix(r.must("Target"), "integrations/"), "AWS::ApiGatewayV2::Integration")
	r.done()
	if target == nil {
		b.fail(res.line, "%s: Target is no integration of this template", res.id)
		return
	}
	if fn := b.integrated(target); fn != nil {
		route.Function = b.nameOf(fn)
	}
	api.Routes = append(api.Routes, route)
}

func lookText(n *node, key string) string {
	if v := n.get(key); v != nil {
		return v.text
	}
	return ""
}
