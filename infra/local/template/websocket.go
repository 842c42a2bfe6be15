package template

import (
	"slices"
	"strings"
)

// A WebSocketAPI is one API Gateway WebSocket API.
type WebSocketAPI struct {
	ID             string
	Name           string // id of the API in URLs and events
	Stage          string
	RouteSelection string // for example $request.body.action
	Routes         []WebSocketRoute
}

// A WebSocketRoute maps a route key to a function.
type WebSocketRoute struct {
	Key      string // $connect, $disconnect, $default or a value of RouteSelection
	Function string // function name
}

// readWebSocketAPI reads an AWS::ApiGatewayV2::Api. HTTP APIs are supported as
// AWS::Serverless::HttpApi only.
func (b *builder) readWebSocketAPI(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("Name", "Description", "Tags", "ApiKeySelectionExpression", "DisableSchemaValidation")
	if r.requiredText("ProtocolType") == "HTTP" {
		b.reportError(res.line, "%s: protocol HTTP is not supported here, use AWS::Serverless::HttpApi", res.id)
	}
	b.model.WebSocketAPIs = append(b.model.WebSocketAPIs, WebSocketAPI{
		ID: res.id, Name: b.physicalName(res), RouteSelection: r.requiredText("RouteSelectionExpression"),
	})
	r.refuseUnread()
}

// findWebSocketAPI returns the API of ApiId. APIs are read before their parts.
func (b *builder) findWebSocketAPI(res *resource, r *reader) *WebSocketAPI {
	id := r.requiredText("ApiId")
	i := slices.IndexFunc(b.model.WebSocketAPIs, func(a WebSocketAPI) bool { return a.Name == id })
	if i < 0 {
		b.reportError(res.line, "%s: ApiId must be a WebSocket API of this template", res.id)
		return &WebSocketAPI{}
	}
	return &b.model.WebSocketAPIs[i]
}

func (b *builder) readWebSocketStage(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("AccessLogSettings", "AutoDeploy", "DefaultRouteSettings", "DeploymentId", "Description", "Tags")
	b.findWebSocketAPI(res, r).Stage = r.requiredText("StageName")
	r.refuseUnread()
}

func (b *builder) readWebSocketIntegration(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("Description", "IntegrationMethod", "TimeoutInMillis")
	b.findWebSocketAPI(res, r)
	r.allowedText("IntegrationType", "AWS_PROXY")
	if b.integrationFunction(res) == nil {
		b.reportError(res.line, "%s: IntegrationUri must contain a function of this template", res.id)
	}
	r.ignoreFields("IntegrationUri").refuseUnread()
}

func (b *builder) integrationFunction(res *resource) *resource {
	return b.functionOfURI(fieldText(res.properties, "IntegrationUri"))
}

func (b *builder) readWebSocketRoute(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("OperationName")
	r.allowedText("AuthorizationType", "NONE")
	api := b.findWebSocketAPI(res, r)
	route := WebSocketRoute{Key: r.requiredText("RouteKey")}
	target := b.findResource(strings.TrimPrefix(r.requiredText("Target"), "integrations/"), "AWS::ApiGatewayV2::Integration")
	r.refuseUnread()
	if target == nil {
		b.reportError(res.line, "%s: Target must be an integration of this template", res.id)
		return
	}
	if fn := b.integrationFunction(target); fn != nil {
		route.Function = b.physicalName(fn)
	}
	api.Routes = append(api.Routes, route)
}

func fieldText(n *node, key string) string {
	if v := n.field(key); v != nil {
		return v.text
	}
	return ""
}
