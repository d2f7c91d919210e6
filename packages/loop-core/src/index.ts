export { AsyncHandle, type AsyncHandleData } from "./async-handle.js";
export type {
  Availability,
  Backend,
  BackendContext,
  BackendFactory,
  Capabilities,
  Sink,
} from "./backend.js";
export type { Clock } from "./clock.js";
export { type CreateLoopOptions, createLoop } from "./create.js";
export { DescriptorMap } from "./descriptor-map.js";
export type { BackendReplaced, BackendSkipped } from "./diagnostics.js";
export {
  BackendFailure,
  BackendUnavailable,
  errnoCode,
  errnoText,
  LoopError,
  type LoopErrorDetails,
} from "./errors.js";
export {
  ASYNC,
  CHECK,
  CHILD,
  CLEANUP,
  CUSTOM,
  describeEvents,
  EDGE,
  EMBED,
  ERROR,
  type Events,
  FAILED,
  FORK,
  HANGUP,
  IDLE,
  type Interest,
  PERIODIC,
  PREPARE,
  PRIORITY,
  READ,
  SIGNAL,
  STAT,
  TIMER,
  WRITE,
} from "./events.js";
export { Loop, type LoopOptions } from "./loop.js";
export type { ReadinessIterator, ReadyOptions, WatchOptions } from "./promises.js";
export type { BackendInfo, SkippedBackend } from "./recovery.js";
export { registerBackend } from "./registry.js";
export type { System, Wakeup } from "./system.js";
export type { RunMode } from "./turn.js";
export type { AsyncWatcher } from "./watchers/async.js";
export type { CheckWatcher } from "./watchers/check.js";
export type { CleanupWatcher } from "./watchers/cleanup.js";
export type { ForkWatcher } from "./watchers/fork.js";
export type { IdleWatcher } from "./watchers/idle.js";
export type { IoOptions, IoWatcher } from "./watchers/io.js";
export type { OnceOptions, OnceWatcher } from "./watchers/once.js";
export type { PrepareWatcher } from "./watchers/prepare.js";
export type { TimerOptions, TimerWatcher } from "./watchers/timer.js";
export type { Callback, Watcher, WatcherOptions } from "./watchers/watcher.js";
