import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type PackedApplication, packedApplication, tools } from "@polyloop/sys/testing";

let application: PackedApplication;
beforeAll(() => {
  application = packedApplication(["sys", "loop-core", "backend-epoll"], ["lilconfig", "fast-check"]);
}, 120_000);
afterAll(() => {
  application.remove();
});

/** A test file of three lines, as a stranger writes it, and what its runner says. */
function judge(file: string, imports: string, command: string, args: readonly string[]): string {
  const path = join(application.directory, file);
  writeFileSync(
    path,
    `${imports}
     import { conformance } from "@polyloop/loop-core/conformance";
     import { epoll } from "@polyloop/backend-epoll";
     conformance({ describe, it, factory: epoll(), entry: import.meta.resolve("@polyloop/backend-epoll/register") });`,
  );
  const result = spawnSync(command, [...args, path], {
    cwd: application.directory,
    encoding: "utf8",
    timeout: 300_000,
    env: { PATH: process.env["PATH"], POLYLOOP_PROGRAMS: "250" },
  });
  const output = result.stdout + result.stderr;
  if (result.status !== 0) throw new Error(output);
  return output;
}

/** Fewer tests than this would mean that most of the kit was not there. */
const MANY = 100;

describe("the conformance kit, outside the workspace, from packed tarballs", () => {
  it("passes on epoll under node:test", () => {
    const output = judge("kit.test.mjs", `import { describe, it } from "node:test";`, process.execPath, [
      "--test",
      "--test-reporter=tap",
    ]);
    expect(output).toMatch(/^# fail 0$/m);
    expect(Number(/^# pass (\d+)$/m.exec(output)?.[1])).toBeGreaterThan(MANY);
  });

  it("passes on epoll under jest", () => {
    writeFileSync(join(application.directory, "jest.config.mjs"), `export default { testMatch: ["**/*.jest.mjs"] };`);
    const output = judge("kit.jest.mjs", `import { describe, it } from "@jest/globals";`, process.execPath, [
      "--experimental-vm-modules",
      join(tools, "..", "jest", "bin", "jest.js"),
      "--rootDir",
      application.directory,
      "--runInBand",
    ]);
    expect(Number(/^Tests:.* (\d+) passed/m.exec(output)?.[1])).toBeGreaterThan(MANY);
    expect(output).not.toMatch(/\d+ failed/);
  });
});
