import type { BackendFactory } from "../src/backend.js";

/**
 * The two functions that every test runner has. The kit hands `it` a limit in milliseconds as a third argument; runners that
 * take it there (Jest, Vitest, Bun) use it, others ignore it.
 */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: (...context: unknown[]) => Promise<void>, limit?: number) => unknown;
}

/** Milliseconds that one test may take, for runners that ask. None needs more than a few seconds. */
export const LIMIT = 120_000;

/** What `conformance()` needs to know. */
export interface ConformanceOptions extends TestRunner {
  /** The backend to judge. */
  readonly factory: BackendFactory;
  /**
   * The module that registers the backend when it is imported, as configuration would (`…/register.js`): a URL, an absolute
   * path or a package's entry that this process can resolve. Other processes and threads are started with it; without it
   * the tests that need some are skipped.
   */
  readonly entry?: string | URL;
  /**
   * How many random programs to run. Default 1000; the environment variable POLYLOOP_PROGRAMS wins, for a run at night.
   */
  readonly programs?: number;
  /**
   * Default false: a backend that cannot run here fails the kit, because a verdict on nothing is none. `true`: everything is
   * skipped, with the backend's own reason.
   */
  readonly mayBeUnavailable?: boolean;
  /**
   * Milliseconds after which a wait for something that must happen is a failure. The kit's own tests, which run it on broken
   * backends, have less patience than a busy machine needs.
   *
   * @internal
   */
  readonly patience?: number;
}
