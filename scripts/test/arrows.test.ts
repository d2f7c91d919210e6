import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Imports that somebody might write, and whether the arrows of docs/architecture.md allow them. */
const imports: readonly (readonly [file: string, specifier: string, allowed: boolean])[] = [
  ["packages/loop-core/src/turn.ts", "@polyloop/sys", true],
  ["packages/loop-core/src/turn.ts", "@polyloop/sys/wakeup", true],
  ["packages/loop-core/src/turn.ts", "./clock.js", true],
  ["packages/loop-core/src/watchers/io.ts", "../errors.js", true],
  ["packages/loop-core/src/turn.ts", "@polyloop/backend-epoll", false],
  ["packages/loop-core/src/turn.ts", "@polyloop/bench", false],
  ["packages/loop-core/src/turn.ts", "../../sys/src/index.js", false],
  ["packages/sys/src/index.ts", "@polyloop/loop-core", false],
  ["packages/sys/src/index.ts", "../../loop-core/src/index.js", false],
  ["packages/backend-epoll/src/backend.ts", "@polyloop/loop-core", true],
  ["packages/backend-epoll/src/backend.ts", "@polyloop/sys/loader", true],
  ["packages/backend-epoll/src/backend.ts", "@polyloop/sys", false],
  ["packages/backend-epoll/src/backend.ts", "@polyloop/backend-iouring", false],
];

describe("the import arrows", () => {
  let refused: boolean[];

  beforeAll(() => {
    // ESLint is real ESM, which jest does not run.
    const program = `
      import { ESLint } from "eslint";
      const config = await new ESLint().calculateConfigForFile("packages/loop-core/src/turn.ts");
      const only = Object.fromEntries(Object.keys(config.rules).map((name) => [name, "off"]));
      delete only["no-restricted-imports"];
      // Without types, which this rule does not need and which take seconds to find out.
      const linter = new ESLint({ overrideConfig: { rules: only, languageOptions: { parserOptions: { project: null } } } });
      const refused = [];
      for (const [file, specifier] of ${JSON.stringify(imports)}) {
        const [{ messages }] = await linter.lintText(\`import * as it from \${JSON.stringify(specifier)};\`, { filePath: file });
        const fatal = messages.find(({ fatal }) => fatal);
        if (fatal !== undefined) throw new Error(fatal.message);
        refused.push(messages.some(({ ruleId }) => ruleId === "no-restricted-imports"));
      }
      console.log(JSON.stringify(refused));`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: root,
      encoding: "utf8",
    });
    refused = JSON.parse(output) as boolean[];
  }, 120_000);

  it.each(imports.map((entry, index) => [index, ...entry] as const))(
    "%i: %s importing %s: allowed %p",
    (index, _file, _specifier, allowed) => {
      expect(refused[index]).toBe(!allowed);
    },
  );
});
