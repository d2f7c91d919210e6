import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Availability, BackendFactory } from "@polyloop/loop-core";
import { conformance, faultPrograms } from "@polyloop/loop-core/conformance";
import { pollBackend } from "@polyloop/loop-core/testing";
import { throwsInProbe } from "./broken/lives.js";
import { starves } from "./broken/reports.js";
import { collectTests } from "./collected-tests.js";

const refusal: Availability = { ok: false, code: "ENOSYS", reason: "this kernel is too old", remedy: "Wait" };
const unavailable: BackendFactory = { ...pollBackend(), probe: () => refusal };
const ready = "level-triggered readiness › is told within two turns";

let printed: string[];
beforeEach(() => {
  printed = [];
  jest.spyOn(process.stderr, "write").mockImplementation((text) => printed.push(String(text)) > 0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe("the conformance kit", () => {
  it("throws at once without a runner, and with the function in the place of the factory", () => {
    const options = { describe, it, factory: pollBackend() };
    const mistaken = (wrong: object) => () => conformance({ ...options, ...wrong });
    expect(mistaken({ it: undefined })).toThrow("it must be the runner's function");
    expect(mistaken({ factory: pollBackend })).toThrow("call the function that makes one");
    expect(mistaken({ factory: { name: "x", probe: 1, create: 2 } })).toThrow("a backend factory");
    expect(mistaken({ programs: Number.NaN })).toThrow("programs");
    expect(mistaken({ entry: 5 })).toThrow("entry");
    expect(() => conformance(undefined as never)).toThrow("options");
    expect(() => faultPrograms({ describe, it } as never)).toThrow("kernel");
  });

  it("fails a backend that cannot run here, says what to do, and judges nothing else", async () => {
    const tests = collectTests(unavailable);
    expect(await tests.get("availability › it can run here")?.()).toMatch("ENOSYS: this kernel is too old. Wait");
    expect([...tests.keys()].filter((name) => !name.startsWith("availability"))).toEqual([]);
  });

  it("skips everything if it may be unavailable, and prints why", async () => {
    const tests = collectTests(unavailable, { mayBeUnavailable: true });
    expect([...tests.keys()]).toEqual([...collectTests(pollBackend()).keys()]);
    expect(await tests.get(ready)?.()).toBe("skipped: poll cannot run here: this kernel is too old");
    expect(printed).toEqual([`skipped: the poll backend › ${ready}: poll cannot run here: this kernel is too old\n`]);
  });

  it("skips nothing because a probe threw", async () => {
    const tests = collectTests(throwsInProbe(pollBackend()), { mayBeUnavailable: true });
    expect(await tests.get("availability › it can run here")?.()).toMatch("its probe threw");
  });

  it("tells a runner of a skip also where its test context is a function, as Vitest's", async () => {
    const skipped: unknown[] = [];
    const context = Object.assign(() => undefined, { skip: (reason: unknown) => skipped.push(reason) });
    const runs: (() => Promise<void>)[] = [];
    conformance({
      factory: unavailable,
      mayBeUnavailable: true,
      describe: (_name, body) => body(),
      it: (_name, body) => runs.push(() => body(context)),
    });
    await runs[0]?.();
    expect(skipped).toEqual(["poll cannot run here: this kernel is too old"]);
  });

  it("ends a test whose loop turns in vain, which no runner could", async () => {
    const name = "inside the callback of a descriptor, calls nobody any more and leaves the watched descriptors open";
    const run = collectTests(starves(pollBackend()), { patience: 20 }).get(`close() › ends a loop ${name}`);
    expect(await run?.()).toMatch("the loop turned for 200 ms");
  });
});
