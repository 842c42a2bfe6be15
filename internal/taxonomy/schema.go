package taxonomy

import _ "embed" // for the schema

// JSONSchema is the JSON Schema of the taxonomy file, for editors and other
// programs. [Load] checks all rules of the schema, and more.
//
//go:embed taxonomy.schema.json
var JSONSchema []byte
