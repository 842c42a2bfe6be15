package template

import "slices"

const apiGateway = "apigateway.amazonaws.com"

// readPermission reads an AWS::Lambda::Permission. API Gateway gets a
// permission for one HTTP API of the template and its stage, with all its
// routes: one for each route would outgrow the resource policy of a function.
func (b *builder) readPermission(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.fixedText("Action", "lambda:InvokeFunction")
	p := Permission{ID: res.id, Principal: r.requiredText("Principal"), SourceARN: r.requiredText("SourceArn")}
	fn := b.findResource(r.requiredText("FunctionName"), functionType)
	r.refuseUnread()
	if fn == nil {
		b.reportError(res.line, "%s: FunctionName must be a function of this template", res.id)
		return
	}
	p.Function = b.physicalName(fn)
	ofAPI := func(api HTTPAPI) bool { return p.SourceARN == b.invokeARN(&api) }
	if p.Principal == apiGateway && !slices.ContainsFunc(b.model.HTTPAPIs, ofAPI) {
		b.reportError(res.line, "%s: SourceArn must be .../${Api}/<stage>/* of an HTTP API of this template, it is %s", res.id, p.SourceARN)
		return
	}
	b.model.Permissions = append(b.model.Permissions, p)
}

// checkPermissions reports each function that an HTTP API calls and that does
// not have exactly one permission for this API. On AWS its routes would answer
// 500.
func (b *builder) checkPermissions() {
	for i := range b.model.HTTPAPIs {
		api := &b.model.HTTPAPIs[i]
		permissions := map[string]int{}
		for _, p := range b.model.Permissions {
			if p.Principal == apiGateway && p.SourceARN == b.invokeARN(api) {
				permissions[p.Function]++
			}
		}
		for _, route := range api.Routes {
			if n := permissions[route.Function]; n != 1 {
				b.reportError(b.byID[api.ID].line, "API %s: function %s has %d permissions (AWS::Lambda::Permission) with SourceArn %s, want 1",
					api.ID, route.Function, n, b.invokeARN(api))
			}
		}
	}
}
