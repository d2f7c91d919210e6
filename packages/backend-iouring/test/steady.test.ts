import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { steadyTurns } from "@polyloop/backend-epoll/testing";
import * as sys from "@polyloop/sys";
import * as kernel from "@polyloop/sys/testing";
import { traced } from "@polyloop/sys/testing";
import { IoUringBackend } from "../src/backend.js";
import { nativePort } from "../src/native.js";

steadyTurns({
  ...{ describe, it, expect, sys, kernel },
  name: "iouring",
  create: (context, seen) =>
    new IoUringBackend(context, { ...nativePort, open: (...sizes) => seen(nativePort.open(...sizes)) }),
  call: "exchange",
  settling: 20,
  changes: 10,
  answersLate: true,
});

const TRACED = ["io_uring_setup", "io_uring_enter", "io_uring_register", "poll", "ppoll"];

describe("the system calls of a hundred turns that do not wait", () => {
  it("are none when nothing is ready, and one poll each, however many descriptors stay ready", () => {
    const calls = traced(fileURLToPath(new URL("fixtures/turns.mjs", import.meta.url)), TRACED);
    if (typeof calls === "string") {
      process.stderr.write(`skipped: counting system calls, because strace cannot run here (${calls})\n`);
      return;
    }
    const namesOf = (kind: string): string[] | undefined => calls.get(kind)?.map(({ name }) => name);
    expect(namesOf("start")).toContain("io_uring_setup");
    expect(namesOf("idle")).toEqual([]);
    const ready = namesOf("ready") ?? [];
    expect([ready.length, new Set(ready).size, ready[0]]).toEqual([100, 1, expect.stringMatching(/^p?poll$/)]);
  });
});
