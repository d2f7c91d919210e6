import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { runRefused } from "@polyloop/sys/testing";

describe("where a seccomp profile forbids", () => {
  it.each(["io_setup", "io_submit"])("%s, the backend says so and what to do, and the loop runs on epoll", (call) => {
    const ending = runRefused([call], fileURLToPath(new URL("fixtures/refused.mjs", import.meta.url)));
    if (typeof ending === "string") {
      process.stderr.write(`skipped: ${call} forbidden by seccomp (${ending})\n`);
      return;
    }
    expect(ending).toMatchObject({ status: 0, signal: null, stderr: "" });
    const answer = {
      code: "EPERM",
      reason: `${call} failed with EPERM (operation not permitted)`,
      remedy: `Allow ${call} in the seccomp profile`,
    };
    expect(JSON.parse(ending.stdout)).toEqual({
      answer: { ok: false, ...answer },
      name: "epoll",
      skipped: [{ name: "linuxaio", ...answer }],
      called: 1,
      warnings: [expect.stringMatching(new RegExp(`linuxaio.*${call}`, "s"))],
    });
  });
});
