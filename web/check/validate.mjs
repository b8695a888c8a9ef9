// Checks an OpenAPI description that comes on standard input: it is valid by the schema of its version, and all that it refers to is there.
import { Validator } from "@seriousme/openapi-schema-validator";
import { text } from "node:stream/consumers";

const description = JSON.parse(await text(process.stdin));
const validator = new Validator();
const result = await validator.validate(description);
if (!result.valid) {
  console.error(JSON.stringify(result.errors, null, 2));
  process.exit(1);
}
validator.resolveRefs();
console.log(`valid by OpenAPI ${validator.version}`);
