import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Delegate } from "@polyloop/backend-epoll/delegate";
import { EAGAIN, EINVAL, ENOSYS, EPERM } from "@polyloop/backend-epoll/errno";
import { epoll } from "@polyloop/backend-epoll";
import { type BackendFactory, Loop } from "@polyloop/loop-core";
import { LinuxAioBackend } from "../src/backend.js";
import { linuxaio } from "../src/index.js";
import { probe } from "../src/probe.js";
import { type FakeCall, FakeKernel } from "../testing/fake-kernel.js";

let kernel: FakeKernel;
beforeEach(() => {
  kernel = new FakeKernel();
});

/** From now on a system call is answered by an errno. */
function refuse(call: FakeCall, errno: number): void {
  kernel.fault = (name) => (name === call ? errno : 0);
}

describe("the probe", () => {
  it("finds what is there, and leaves nothing open", () => {
    expect(probe(kernel)).toEqual({ ok: true, features: ["IOCB_CMD_POLL", "ring"] });
    kernel.readsRing = false;
    expect(probe(kernel)).toEqual({ ok: true, features: ["IOCB_CMD_POLL"] });
    kernel.catchUp();
    expect(kernel.charged).toBe(0);
    expect(kernel.descriptors.lookup(3)).toBeUndefined();
  });

  it("of this kernel is no worse than Linux AIO", () => {
    expect(linuxaio().probe()).toEqual({ ok: true, features: ["IOCB_CMD_POLL", "ring"] });
  });

  it.each(["4.18.20", "4.4.0-1-amd64", "3.10.0", "2.6.32"])("refuses Linux %s without trying", (release) => {
    kernel.release = release;
    expect(probe(kernel)).toMatchObject({
      ok: false,
      code: "ERR_KERNEL_TOO_OLD",
      reason: expect.stringMatching(new RegExp(`Linux ${release}.* 4\\.19`)),
      remedy: expect.stringContaining("newer kernel"),
    });
    expect(kernel.calls.size).toBe(0);
  });

  it.each(["4.19.0", "5.4", "5.10.0-amd64", "6.18.1", "10.0.0", "somebody's own"])("tries Linux %s", (release) => {
    kernel.release = release;
    expect(probe(kernel)).toMatchObject({ ok: true });
  });

  it.each([
    ["io_setup", EAGAIN, "EAGAIN", /fs\.aio-max-nr is used up: \d+ of \d+/, /sysctl -w fs\.aio-max-nr/],
    ["io_setup", ENOSYS, "ENOSYS", /CONFIG_AIO.*seccomp/, /seccomp profile.*CONFIG_AIO/],
    ["io_setup", EPERM, "EPERM", /^io_setup failed with EPERM/, /Allow io_setup in the seccomp profile/],
    ["io_submit", EPERM, "EPERM", /^io_submit failed with EPERM/, /Allow io_submit in the seccomp profile/],
    ["io_submit", ENOSYS, "ENOSYS", /^io_submit failed with ENOSYS/, /Allow io_submit/],
    ["eventfd", 24, "EMFILE", /^eventfd failed with EMFILE/, undefined],
  ] as const)("when %s answers %d: %s", (call, errno, code, reason, remedy) => {
    refuse(call, errno);
    const answer = probe(kernel);
    expect(answer).toMatchObject({ ok: false, code, reason: expect.stringMatching(reason) });
    if (remedy !== undefined) expect(answer).toMatchObject({ remedy: expect.stringMatching(remedy) });
    kernel.catchUp();
    expect(kernel.charged).toBe(0);
  });

  it("when the limit of requests is reached: EAGAIN", () => {
    kernel.maxRequests = 10;
    expect(probe(kernel)).toMatchObject({ ok: false, code: "EAGAIN" });
  });

  it("a kernel without polls, which refuses them as unknown", () => {
    refuse("io_submit", EINVAL);
    expect(probe(kernel)).toMatchObject({ ok: false, code: "EINVAL", reason: expect.stringContaining("io_submit") });
  });

  it.each([
    ["not at all", 0, [0, 1, 4]],
    ["twice", 2, [0, 1, 4]],
    ["for another request", 1, [3, 1, 4]],
    ["with another generation", 1, [0, 7, 4]],
    ["with something else", 1, [0, 1, 1]],
  ])("a kernel that answers a poll %s", (_how, count, words) => {
    const context = kernel.open(15);
    const spied = jest.spyOn(context, "exchange").mockImplementation((_requests, _count, answers) => {
      answers.set(words, 4);
      return count;
    });
    jest.spyOn(kernel, "open").mockReturnValue(context);
    expect(probe(kernel)).toMatchObject({ ok: false, code: "ERR_PROBE_FAILED" });
    expect(spied).toHaveBeenCalled();
    expect(context.error).toBeLessThan(0);
  });

  it("an addon that cannot be loaded is an answer, too", () => {
    jest.spyOn(kernel, "open").mockImplementation(() => {
      throw Object.assign(new Error("no such file"), { code: "ERR_ADDON_NOT_FOUND", remedy: "build it" });
    });
    expect(probe(kernel)).toEqual({
      ok: false,
      code: "ERR_ADDON_NOT_FOUND",
      reason: "no such file",
      remedy: "build it",
    });
  });
});

describe("where it cannot run", () => {
  const warnings: string[] = [];
  beforeEach(() => {
    jest.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(String(warning)));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    warnings.length = 0;
  });

  const factory = (): BackendFactory => ({
    name: "linuxaio",
    probe: () => probe(kernel),
    create: (context) => new LinuxAioBackend(context, kernel, new Delegate(kernel.epoll)),
    fallback: epoll(),
  });

  it.each([
    ["EAGAIN", EAGAIN],
    ["ENOSYS", ENOSYS],
    ["EPERM", EPERM],
  ])("a loop runs on epoll, with a warning that says why: %s", (code, errno) => {
    refuse("io_setup", errno);
    const loop = new Loop({ backend: factory() });
    expect(loop.backend).toMatchObject({ name: "epoll", skipped: [{ name: "linuxaio", code }] });
    expect(warnings.join("\n")).toMatch(new RegExp(`linuxaio.*${code}`));
    let called = 0;
    loop.timer(0, () => called++);
    loop.run();
    expect(called).toBe(1);
    loop.close();
  });

  it("a strict loop is not made", () => {
    refuse("io_setup", EAGAIN);
    expect(() => new Loop({ backend: factory(), strict: true })).toThrow(/fs\.aio-max-nr/);
  });

  it("its own factory names epoll as what to use instead", () => {
    expect(linuxaio()).toMatchObject({ name: "linuxaio", fallback: { name: "epoll" } });
  });
});
