import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8");
}

/** TypeScript in two parts: the names it imports, sorted, and everything behind the imports. */
function parts(source: string): { readonly names: readonly string[]; readonly code: string } {
  const imports = [...source.matchAll(/^import (?:type )?\{([^}]*)\} from "[^"]+";\n/gm)];
  const last = imports.at(-1);
  const names = imports.flatMap(([, list = ""]) => list.split(",").map((name) => name.replace("type ", "").trim()));
  return {
    names: names.filter((name) => name !== "").sort(),
    code: source.slice(last === undefined ? 0 : last.index + last[0].length).trim(),
  };
}

describe("the listing in docs/writing-a-backend.md", () => {
  const [, listing = ""] = /```ts\n(.*?)```/s.exec(read("docs/writing-a-backend.md")) ?? [];
  const shown = parts(listing);
  const tested = parts(read("packages/loop-core/testing/poll-backend.ts"));

  it("is the backend that the conformance kit runs on, line by line", () => {
    expect(shown.code).toContain("export function pollBackend()");
    expect(shown.code).toBe(tested.code);
  });

  it("imports the same names, from what a backend package may import", () => {
    expect(shown.names).toEqual(tested.names);
    const modules = [...listing.matchAll(/from "([^"]+)"/g)].map(([, module]) => module);
    expect(modules).toEqual(["@polyloop/loop-core", "@polyloop/sys"]);
  });
});
