import type { BackendFactory, Capabilities } from "../src/backend.js";
import { Loop } from "../src/loop.js";
import type { ManualClock } from "./manual-clock.js";
import { ManualSystem } from "./manual-system.js";
import { type ScriptedBackend, scripted } from "./scripted-backend.js";

/** A loop on a scripted backend and a manual clock, and everything a test wants to look at. */
export interface ScriptedLoop {
  readonly loop: Loop;
  readonly backend: ScriptedBackend;
  readonly clock: ManualClock;
  readonly system: ManualSystem;
}

/** Makes one. `others` are candidates after the scripted one; `supports` changes its manifest. */
export function scriptedLoop(
  options: {
    readonly supports?: Partial<Capabilities>;
    readonly others?: (clock: ManualClock) => readonly BackendFactory[];
    readonly strict?: boolean;
  } = {},
): ScriptedLoop {
  const system = new ManualSystem();
  const { clock } = system;
  const factory = scripted(clock, options.supports === undefined ? {} : { supports: options.supports });
  const backend = [factory, ...(options.others?.(clock) ?? [])];
  const loop = new Loop({ backend, system, strict: options.strict ?? false });
  return { loop, backend: factory.made[0] as ScriptedBackend, clock, system };
}
