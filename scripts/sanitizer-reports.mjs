/**
 * What the sanitizers wrote down, process by process. Everything counts, with one exception: Node.js, too, leaves
 * memory behind when it ends, so of the leaks only those count that our own code has allocated.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LEAKS = /ERROR: LeakSanitizer: detected memory leaks/;
const ERRORS = /ERROR: AddressSanitizer|runtime error: /;
/** Between the allocation and the code that wanted it: Node-API, and the C++ library. */
const PASSED_ON = / in (napi_|node_api_|std::)|\/include\/c\+\+\/|\/libstdc\+\+\./;
/** A source of an addon, or its binary where there are no line numbers. */
const OURS = /\/packages\/[^/]+\/(native\/|build\/.*\.node\b)/;

function isOurs(leak) {
  // Frame 0 is the allocator.
  const frames = leak.split("\n").filter((line) => /^ +#[1-9]/.test(line));
  // Ours first: what an addon calls its own entry reads like a name of Node-API.
  const caller = frames.find((frame) => OURS.test(frame) || !PASSED_ON.test(frame));
  return caller !== undefined && OURS.test(caller);
}

function whatCounts(text) {
  if (!LEAKS.test(text) || ERRORS.test(text)) return text;
  return text
    .split("\n\n")
    .filter((part) => /^\n?(Direct|Indirect) leak of /.test(part) && isOurs(part))
    .join("\n\n");
}

/** Every report in `directory`, where each process has a file of its own. */
export function readReports(directory) {
  return readdirSync(directory)
    .map((file) => ({ file, text: whatCounts(readFileSync(join(directory, file), "utf8")).trim() }))
    .filter(({ text }) => text !== "");
}
