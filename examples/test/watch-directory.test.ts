import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { runExample } from "./support.js";

const PROGRAM = "watch-directory/main.ts";

describe("the watch directory example", () => {
  it("tells what it does in its own directory, and ends by itself", async () => {
    const { code, stdout, stderr } = await runExample(PROGRAM);
    expect(stderr).toBe("");
    const [first, ...rest] = stdout.split("\n");
    expect(first).toMatch(/^watching .* on epoll$/);
    expect(rest).toEqual([
      "created      draft.txt",
      "changed      draft.txt",
      "changed      draft.txt",
      "renamed      draft.txt → final.txt",
      "created      folder/",
      "moved out    final.txt",
      "moved in     back.txt",
      "deleted      back.txt",
      "deleted      folder/",
      "",
    ]);
    expect(code).toBe(0);
  });

  it("watches the directory it is given until a line arrives on standard input", async () => {
    const directory = mkdtempSync(join(tmpdir(), "polyloop-test-"));
    try {
      let written = false;
      const { code, stdout } = await runExample(PROGRAM, [directory], {
        onOutput(text, stdin) {
          if (!written) writeFileSync(join(directory, "grüße.txt"), "");
          written = true;
          if (text.includes("changed      grüße.txt")) stdin.write("\n");
        },
      });
      expect(stdout).toContain("created      grüße.txt\nchanged      grüße.txt\n");
      expect(code).toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("says that a directory does not exist, without a stack trace", async () => {
    const { code, stderr } = await runExample(PROGRAM, ["/there/is/none"]);
    expect(stderr).toBe("watching /there/is/none failed with ENOENT (No such file or directory)\n");
    expect(code).toBe(1);
  });
});
