import type { BackendFactory, Events } from "@polyloop/loop-core";
import type { Decide, Fault, FaultyKernel } from "@polyloop/loop-core/conformance";
import type { FakeDescriptors } from "@polyloop/loop-core/testing";
import { ERROR, HANGUP, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { EpollBackend } from "../src/backend.js";
import * as errno from "../src/errno.js";
import { ERR, HUP, IN, OUT, PRI } from "../src/poll-masks.js";
import { ADD, DELETE, type EpollPort, MODIFY } from "../src/port.js";
import { type FakeCall, FakeKernel } from "./fake-kernel.js";

const NUMBERS: Readonly<Record<string, number>> = { ...errno, EMFILE: 24, ENFILE: 23, ELOOP: 40 };

const backend = (what: string): Fault => ({ what, costs: "backend" });
const descriptor = (what: string): Fault => ({ what, costs: "descriptor" });
const nothing = (what: string): Fault => ({ what, costs: "nothing" });

const ONE_ANSWER = nothing("only one answer");

/** epoll_ctl(2), by operation. EPERM is left out: it is no fault but the nature of a file. */
const CHANGES: Readonly<Record<number, readonly Fault[]>> = {
  [ADD]: [
    ...["EBADF", "EINVAL", "ELOOP"].map(descriptor),
    ...["ENOMEM", "ENOSPC"].map(backend),
    // It is there from before; MODIFY finds that it is not.
    nothing("EEXIST"),
  ],
  [MODIFY]: [...["EBADF", "EINVAL"].map(descriptor), backend("ENOMEM"), nothing("ENOENT")],
  [DELETE]: ["EBADF", "ENOENT"].map(nothing),
};

/** Everything else. EBADF of a wait: somebody closed the set. */
const CALLS: Readonly<Record<Exclude<FakeCall, "epoll_ctl">, readonly Fault[]>> = {
  epoll_create1: ["EMFILE", "ENFILE", "ENOMEM"].map(backend),
  epoll_pwait2: [nothing("EINTR"), nothing("ENOSYS"), ONE_ANSWER, nothing("EBADF")],
  epoll_wait: [nothing("EINTR"), ONE_ANSWER, nothing("EBADF")],
  eventfd: ["EMFILE", "ENFILE", "ENOMEM"].map(backend),
};

/** The fake kernel as the conformance kit drives it; `reach` may put something between it and the state machine. */
export function faultyKernel(reach: (port: EpollPort) => EpollPort = (port) => port): FaultyKernel {
  const fake = new FakeKernel();
  const factory: BackendFactory = {
    name: "epoll",
    probe: () => ({ ok: true, features: [] }),
    create: (context) => new EpollBackend(context, reach(fake)),
  };
  const kernel = { factory, ...files(fake.descriptors), decide: (() => undefined) as Decide };
  failAsDecided(fake, (call, faults) => kernel.decide(call, faults));
  return kernel;
}

/** What the kit does with files, on the descriptors of a fake kernel. */
export function files(descriptors: FakeDescriptors): Omit<FaultyKernel, "factory" | "decide"> {
  return {
    open: (pollable) => descriptors.create(pollable),
    dup: (fd) => descriptors.dup(fd),
    close(fd) {
      descriptors.close(fd);
    },
    raise(fd, events) {
      descriptors.file(fd).raise(toBits(events));
    },
    lower(fd, events) {
      descriptors.file(fd).lower(toBits(events));
    },
  };
}

/** From now on a fake kernel's calls go wrong whenever, and however, it is decided. */
export function failAsDecided(fake: FakeKernel, decide: Decide): void {
  fake.fault = (call, { operation }) => {
    const fault = decide(call, call === "epoll_ctl" ? (CHANGES[operation] ?? []) : CALLS[call]);
    fake.mostAnswers = fault === ONE_ANSWER ? 1 : Number.POSITIVE_INFINITY;
    return fault === undefined || fault === ONE_ANSWER ? 0 : (NUMBERS[fault.what] as number);
  };
}

function toBits(events: Events): number {
  const pairs = [
    [READ, IN],
    [WRITE, OUT],
    [PRIORITY, PRI],
    [ERROR, ERR],
    [HANGUP, HUP],
  ] as const;
  return pairs.reduce((bits, [event, bit]) => ((events & event) === 0 ? bits : bits | bit), 0);
}
