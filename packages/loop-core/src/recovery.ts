import { show, wrongType, wrongValue } from "./arguments.js";
import type { Availability, Backend, BackendContext, BackendFactory, Capabilities } from "./backend.js";
import { publishReplaced, publishSkipped } from "./diagnostics.js";
import { BackendFailure, BackendUnavailable, LoopError } from "./errors.js";
import type { Loop } from "./loop.js";

/** A candidate that cannot run here, and why. */
export interface SkippedBackend {
  readonly name: string;
  readonly code: string;
  readonly reason: string;
  readonly remedy: string | undefined;
}

/** What `loop.backend` tells. */
export interface BackendInfo {
  /** The backend in use. */
  readonly name: string;
  /** The candidates that were asked for, in order. */
  readonly requested: readonly string[];
  /** Who asked for them: `"the backend option"`, `"POLYLOOP_BACKEND"`, the path of a file, or `"the default"`. */
  readonly source: string;
  /** The candidates that were passed over or failed, and why. */
  readonly skipped: readonly SkippedBackend[];
  readonly supports: Capabilities;
}

/** Which backends may run a loop. */
export interface BackendChoice {
  /** In order of preference. */
  readonly candidates: readonly BackendFactory[];
  /** Who asked for them. */
  readonly source: string;
  /** A candidate that cannot run here is an error. */
  readonly strict: boolean;
}

/**
 * The backend in use and those that could take its place: the candidates in the order listed, then the fallback each of
 * them names. Choosing the first backend and replacing one that failed are the same step.
 */
export class Backends {
  private readonly loop: Loop;
  private readonly requested: readonly string[];
  private readonly source: string;
  private readonly candidates: BackendFactory[];
  private readonly tried: BackendFactory[] = [];
  private readonly skipped: SkippedBackend[] = [];
  private readonly strict: boolean;
  private readonly context: BackendContext;
  /** What is to be told to the world, once the loop is in a state in which anybody may call it. */
  private news: (() => void)[] = [];
  /** Why no backend is left. */
  private failure: BackendFailure | undefined;
  /** The backend in use, or the last one: to be looked at and closed, see {@link usable}. */
  current: Backend;

  constructor(loop: Loop, { candidates, source, strict }: BackendChoice, context: BackendContext) {
    this.loop = loop;
    this.source = source;
    this.requested = candidates.map((factory) => factory.name);
    this.candidates = [...candidates];
    this.strict = strict;
    this.context = context;
    this.current = this.open(undefined);
  }

  get info(): BackendInfo {
    return {
      name: this.current.name,
      requested: this.requested,
      source: this.source,
      skipped: [...this.skipped],
      supports: this.current.supports,
    };
  }

  /**
   * Puts the next candidate in the place of the backend that failed. Throws the failure when the loop is strict or nothing
   * is left; the failed backend is closed either way.
   */
  replace(failure: BackendFailure): void {
    const failed = this.current;
    try {
      failed.close();
    } catch {
      // It failed already; what it says while closing can change nothing.
    }
    // Until another one is open. A closed backend must not be called again.
    this.failure = failure;
    if (this.strict) throw failure;
    this.current = this.open(failure);
    this.failure = undefined;
    const { code, message: reason, remedy } = failure;
    this.skipped.push({ name: failed.name, code, reason, remedy });
    const message = { loop: this.loop, from: failed.name, to: this.current.name, error: failure };
    this.news.push(() => {
      publishReplaced(message);
    });
  }

  /** Whether there is something to announce. */
  get hasNews(): boolean {
    return this.news.length > 0;
  }

  /**
   * The backend in use, for whoever is about to call it. Throws the failure that left the loop without one, also when it came
   * out of a nested run and was caught there.
   */
  get usable(): Backend {
    this.requireUsable();
    return this.current;
  }

  /** Throws the failure that left the loop without a backend. */
  requireUsable(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Tells subscribers and the process what happened. They may do anything with the loop, so this is no part of a poll. */
  announce(): void {
    if (this.news.length === 0) return;
    const { news } = this;
    this.news = [];
    for (const tell of news) tell();
  }

  /** Opens the first candidate that can run. */
  private open(failure: BackendFailure | undefined): Backend {
    for (let factory = this.next(); factory !== undefined; factory = this.next()) {
      this.tried.push(factory);
      const answer = tryOpen(factory, this.context);
      if (!isBackendUnavailable(answer)) return answer;
      if (this.strict) throw answer;
      const skipped = { name: factory.name, code: answer.code, reason: answer.reason, remedy: answer.remedy };
      this.skipped.push(skipped);
      this.news.push(() => {
        publishSkipped({ loop: this.loop, ...skipped });
      });
    }
    if (failure !== undefined) throw failure;
    const reasons = this.skipped.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
    throw new LoopError("ERR_NO_BACKEND", `no backend can run here (${reasons})`, {
      remedy: this.skipped.find(({ remedy }) => remedy !== undefined)?.remedy,
    });
  }

  /** The next listed candidate, then the fallbacks of those tried, none of them twice. */
  private next(): BackendFactory | undefined {
    const listed = this.candidates.shift();
    if (listed !== undefined) return listed;
    for (const { fallback } of this.tried) {
      if (fallback !== undefined && !this.tried.some(({ name }) => name === fallback.name)) return fallback;
    }
    return undefined;
  }
}

function tryOpen(factory: BackendFactory, context: BackendContext): Backend | BackendUnavailable {
  const answer = probe(factory);
  if (!answer.ok) return new BackendUnavailable(factory.name, answer.code, answer.reason, { remedy: answer.remedy });
  try {
    return factory.create(context);
  } catch (error) {
    if (isBackendUnavailable(error)) return error;
    throw error;
  }
}

/** A probe that throws has broken its promise; its backend is of no use here, but the next one may be. */
export function probe(factory: BackendFactory): Availability {
  try {
    const answer: unknown = factory.probe();
    if (typeof answer === "object" && answer !== null && "ok" in answer) return answer as Availability;
    const reason = `its probe answered ${show(answer)} instead of { ok, … }`;
    return { ok: false, code: "ERR_PROBE_FAILED", reason };
  } catch (error) {
    const { message, code = "ERR_PROBE_FAILED" } = error as { readonly message: string; readonly code?: string };
    return { ok: false, code, reason: `its probe threw: ${message}` };
  }
}

/** The name speaks for a backend that brought its own copy of core. */
function isBackendUnavailable(error: unknown): error is BackendUnavailable {
  return error instanceof BackendUnavailable || (error instanceof Error && error.name === "BackendUnavailable");
}

/** Whether an error means that its backend is lost; the name speaks for a backend that brought its own copy of core. */
export function isBackendFailure(error: unknown): error is BackendFailure {
  return error instanceof BackendFailure || (error instanceof Error && error.name === "BackendFailure");
}

/** Refuses anything but a factory or a list of factories. */
export function requireFactories(where: string, value: unknown): readonly BackendFactory[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw wrongValue(where, "backend", "a factory, or a list with at least one", value);
  return list.map((item) => requireFactory(where, item));
}

/** Refuses anything but an object that has what a factory needs. */
export function requireFactory(where: string, value: unknown): BackendFactory {
  if (typeof value === "object" && value !== null && "name" in value && "probe" in value && "create" in value) {
    const { name, probe, create } = value;
    if (typeof name === "string" && typeof probe === "function" && typeof create === "function") {
      return value as BackendFactory;
    }
  }
  throw wrongType(where, "backend", "a backend factory ({ name, probe(), create() }) such as epoll()", value);
}
