package taxonomy

import _ "embed" // for the schema

// JSONSchema describes the file to editors and other programs. [Load] checks
// all that it says, and more.
//
//go:embed taxonomy.schema.json
var JSONSchema []byte
