import { Delegate } from "@polyloop/backend-epoll/delegate";
import { type Hands, hands, newContext, type Surroundings, surroundingsOf } from "@polyloop/backend-epoll/testing";
import type { BackendContext } from "@polyloop/loop-core";
import { IoUringBackend } from "../src/backend.js";
import { type FakeCall, FakeKernel, type Nature } from "../testing/fake-kernel.js";
import type { FakeRing } from "../testing/fake-ring.js";

/** The state machine on a fake kernel, and the hands of core. */
export interface Stage extends Hands, Surroundings<Nature, FakeCall> {
  readonly kernel: FakeKernel;
  readonly backend: IoUringBackend;
  readonly context: BackendContext;
  /** The ring in use. */
  readonly ring: () => FakeRing;
}

/** Polls go on as soon as one descriptor was told in a turn. */
export const CROWDED = { many: 1, few: 0 };

/** Sets up a new one. */
export function stage(crowd?: typeof CROWDED): Stage {
  const kernel = new FakeKernel();
  const context = newContext();
  const backend = new IoUringBackend(context, kernel, new Delegate(kernel.epoll), crowd);
  return {
    kernel,
    backend,
    context,
    ...hands(backend),
    ...surroundingsOf(kernel),
    ring: () => kernel.rings.at(-1) as FakeRing,
  };
}
