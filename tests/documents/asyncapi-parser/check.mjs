// Prints, as JSON, what AsyncAPI's parser says of the document on standard input: errors, and what it found.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const told = diagnostics.map(({ code, message, path, severity }) => ({ code, message, path: path.join("."), severity }));
const found = document && {
  channels: document.channels().all().map((each) => each.id()),
  operations: document.operations().all().map((each) => each.id()),
};
process.stdout.write(JSON.stringify({ diagnostics: told, found }));
