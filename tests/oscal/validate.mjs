// usage: validate.mjs SCHEMA DOCUMENT: exits 1, with the first faults, where the document is not valid by NIST's JSON Schema.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const [, , schema, document] = process.argv;
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: true });
addFormats(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(schema)));
if (!validate(JSON.parse(readFileSync(document)))) {
  console.error(validate.errors.slice(0, 5).map((error) => `${error.instancePath}: ${error.message}`).join('\n'));
  process.exit(1);
}
