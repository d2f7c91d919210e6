import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { steadyTurns } from "@polyloop/backend-epoll/testing";
import * as sys from "@polyloop/sys";
import * as kernel from "@polyloop/sys/testing";
import { traced, type TracedCall } from "@polyloop/sys/testing";
import { LinuxAioBackend } from "../src/backend.js";
import { nativePort } from "../src/native.js";

steadyTurns({
  ...{ describe, it, expect, sys, kernel },
  name: "linuxaio",
  create: (context, seen) =>
    new LinuxAioBackend(context, { ...nativePort, open: (requests) => seen(nativePort.open(requests)) }),
  call: "exchange",
  settling: 20,
  changes: 10,
  answersLate: true,
});

const TRACED = [
  ...["io_setup", "io_submit", "io_getevents", "io_pgetevents", "io_cancel", "io_destroy"],
  ...["poll", "ppoll", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "read", "write"],
];

/** The program ends its contexts in other threads, which come late when the machine is busy; it also reads and writes itself. */
function isTheBackends({ name, first, marked }: TracedCall): boolean {
  return marked && ((name !== "read" && name !== "write") || first.includes("[eventfd]"));
}

describe("the system calls of a hundred turns that do not wait", () => {
  const calls = traced(fileURLToPath(new URL("fixtures/turns.mjs", import.meta.url)), TRACED);
  if (typeof calls === "string") {
    process.stderr.write(`skipped: counting system calls, because strace cannot run here (${calls})\n`);
  }
  // Skipped for the reason that is printed above.
  const check = typeof calls === "string" ? it.skip : it;
  const callsOf = (kind: string): string[] | undefined =>
    (calls as Map<string, TracedCall[]>)
      .get(kind)
      ?.filter(isTheBackends)
      .map(({ name }) => name);
  const hundred = (call: string): string[] => Array.from({ length: 100 }, () => call);

  check("are none when nothing is ready", () => {
    expect(callsOf("idle")).toEqual([]);
  });

  check.each(["pipes", "sockets"])("are one io_submit each, however many %s are ready", (kind) => {
    expect(callsOf(kind)).toEqual(hundred("io_submit"));
  });

  check("are, when something comes to armed sockets, at most one poll more each, however many they are", () => {
    const calls = callsOf("arrivals") ?? [];
    // They arm and are told in turn.
    expect(calls.filter((call) => call === "io_submit")).toHaveLength(50);
    const others = calls.filter((call) => call !== "io_submit");
    expect(others).toEqual(others.map(() => "poll"));
    expect(others.length).toBeLessThanOrEqual(50);
  });

  check("are one look at the embedded set each, when files are always ready, however many", () => {
    const calls = callsOf("files") ?? [];
    // Now and then one of them is offered to epoll anew.
    const looks = calls.filter((call) => call !== "epoll_ctl");
    expect(looks).toHaveLength(100);
    expect(looks.every((call) => call.startsWith("epoll_"))).toBe(true);
    expect(calls.length - looks.length).toBeLessThanOrEqual(100 / 16 + 1);
  });
});
