import { beforeEach, describe, expect, it } from "@jest/globals";
import { ENOMEM, ENOSYS, EOPNOTSUPP, EPERM } from "@polyloop/backend-epoll/errno";
import { DescriptorMap } from "@polyloop/loop-core";
import { IoUringBackend } from "../src/backend.js";
import { iouring } from "../src/index.js";
import { portWithout } from "../src/native.js";
import { COOP_TASKRUN, DEFER_TASKRUN, RESTRICTED } from "../src/port.js";
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
    expect(probe(kernel)).toMatchObject({ ok: true });
    expect(kernel.rings).toHaveLength(0);
    expect(kernel.descriptors.lookup(3)).toBeUndefined();
  });

  it("tells what the kernel's rings are like", () => {
    expect(iouring().probe()).toMatchObject({ ok: true });
    const features = (without: number): readonly string[] => {
      const answer = probe(portWithout(without));
      return answer.ok ? answer.features : [];
    };
    expect(features(0)).toContain("restricted");
    expect(features(RESTRICTED)).not.toContain("restricted");
    expect(features(DEFER_TASKRUN)).not.toContain("DEFER_TASKRUN");
    expect(features(DEFER_TASKRUN | COOP_TASKRUN)).not.toContain("TASKRUN_FLAG");
  });

  it.each([
    ["io_uring_setup", ENOSYS, "ENOSYS", /CONFIG_IO_URING.*seccomp/, /seccomp profile/],
    ["io_uring_setup", EPERM, "EPERM", /seccomp profile or a security module|io_uring_disabled/, /seccomp|sysctl/],
    ["io_uring_setup", ENOMEM, "ENOMEM", /RLIMIT_MEMLOCK/, /Raise RLIMIT_MEMLOCK/],
    ["io_uring_setup", EOPNOTSUPP, "ERR_KERNEL_TOO_OLD", /Linux 5\.11/, /newer kernel/],
    [
      "io_uring_enter",
      EPERM,
      "EPERM",
      /^io_uring_enter failed with EPERM \(a seccomp profile/,
      /Allow .*io_uring_enter/,
    ],
    ["poll", ENOMEM, "ENOMEM", /poll with io_uring failed/, /Raise/],
    ["eventfd", 24, "EMFILE", /^eventfd failed with EMFILE/, undefined],
  ] as const)("when %s answers %d: %s", (call, errno, code, reason, remedy) => {
    refuse(call, errno);
    const answer = probe(kernel);
    expect(answer).toMatchObject({ ok: false, code, reason: expect.stringMatching(reason) });
    if (remedy === undefined) expect(answer).toHaveProperty("remedy", undefined);
    else expect(answer).toHaveProperty("remedy", expect.stringMatching(remedy));
    expect(kernel.rings).toHaveLength(0);
  });

  it("trusts no kernel that answers wrongly", () => {
    const answer = probe({
      openNotifier: () => kernel.openNotifier(),
      open: (submissions, completions) => {
        const ring = kernel.open(submissions, completions);
        ring.exchange = () => 0;
        return ring;
      },
    });
    expect(answer).toMatchObject({ ok: false, code: "ERR_PROBE_FAILED" });
  });

  it("says so when the addon is not there", () => {
    const answer = probe({
      open: () => {
        throw Object.assign(new Error("no addon"), { code: "ERR_ADDON_NOT_FOUND" });
      },
      openNotifier: () => kernel.openNotifier(),
    });
    expect(answer).toEqual({ ok: false, code: "ERR_ADDON_NOT_FOUND", reason: "no addon", remedy: undefined });
  });
});

it("a ring that cannot be opened makes the backend unavailable, with the same reason", () => {
  refuse("io_uring_setup", ENOSYS);
  expect(() => new IoUringBackend({ generations: new DescriptorMap() }, kernel)).toThrow(
    expect.objectContaining({ code: "ENOSYS", syscall: "io_uring_setup" }),
  );
});
