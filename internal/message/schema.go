package message

import _ "embed" // for the schema

// JSONSchema is the JSON Schema of messages and effects, for consumers.
//
//go:embed message.schema.json
var JSONSchema []byte
