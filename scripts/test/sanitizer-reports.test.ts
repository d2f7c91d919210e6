import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";

const MODULE = new URL("../sanitizer-reports.mjs", import.meta.url).href;

/** What counts of the reports of some processes; in a process of its own, because jest runs no real ESM. */
function whatCounts(reports: Record<string, string>): unknown {
  const directory = mkdtempSync(join(tmpdir(), "polyloop-reports-"));
  for (const [file, text] of Object.entries(reports)) writeFileSync(join(directory, file), text);
  const program = `import { readReports } from ${JSON.stringify(MODULE)};
    process.stdout.write(JSON.stringify(readReports(${JSON.stringify(directory)})));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  rmSync(directory, { recursive: true });
  return JSON.parse(output);
}

const frames = (...callers: string[]): string =>
  ["operator new(unsigned long) asan_new_delete.cpp:95", ...callers]
    .map((caller, index) => `    #${String(index)} 0x7f00 in ${caller}`)
    .join("\n");
const leak = (...callers: string[]): string =>
  `Direct leak of 80 byte(s) in 2 object(s) allocated from:\n${frames(...callers)}`;

const NODE = "node::Start(int, char**) (/usr/bin/node+0xc6853e)";
const NODE_API = "napi_create_reference (/usr/bin/node+0xc50f19)";
const LIBRARY = "std::vector<epoll_event>::resize(unsigned long) /usr/include/c++/12/bits/stl_vector.h:1011";
const OURS = "sys::Poll(napi_env__*, napi_callback_info__*) /work/packages/sys/native/time.cc:91";
const OUR_BINARY = "napi_register_module_v1 (/tmp/workspace/packages/sys/build/Release/sys.node+0xb4c5)";
const THEIR_BINARY = "Init (/work/node_modules/.pnpm/other@1/node_modules/other/other.node+0x66c9)";

const ours = [leak(OURS, NODE), leak(NODE_API, OURS, NODE), leak(LIBRARY, OURS, NODE), leak(NODE_API, OUR_BINARY)];
const theirs = [leak(NODE), leak(NODE_API, THEIR_BINARY), leak("v8::Heap::Grow() (/usr/bin/node+0x1)", NODE_API, OURS)];

describe("what the sanitizers wrote down", () => {
  it("counts as a whole when it is about an error", () => {
    const text = `==7==ERROR: AddressSanitizer: heap-use-after-free\n${frames(NODE)}\n\n0x6 is located in a region`;
    expect(whatCounts({ "asan.7": text, "ubsan.8": "a.cc:1: runtime error: overflow\n" })).toEqual([
      { file: "asan.7", text },
      { file: "ubsan.8", text: "a.cc:1: runtime error: overflow" },
    ]);
  });

  it("counts, when it is about leaks, as far as our code has allocated them", () => {
    const head = "=====\n==9==ERROR: LeakSanitizer: detected memory leaks";
    const text = [head, ...theirs, ...ours, ...theirs, "SUMMARY: AddressSanitizer: 800 byte(s) leaked."].join("\n\n");
    expect(whatCounts({ "asan.9": text, "asan.10": [head, ...theirs].join("\n\n") })).toEqual([
      { file: "asan.9", text: ours.join("\n\n") },
    ]);
    const both = `a.cc:1: runtime error: overflow\n${text}`;
    expect(whatCounts({ "asan.9": both })).toEqual([{ file: "asan.9", text: both }]);
  });
});
