package contact

import _ "embed" // for the schema

// JSONSchema describes messages and effects to those who read them.
//
//go:embed message.schema.json
var JSONSchema []byte
