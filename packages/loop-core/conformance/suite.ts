import type { BackendFactory } from "../src/backend.js";
import { type ConformanceOptions, LIMIT } from "./options.js";
import { Scene } from "./scene.js";
import { Skip } from "./skip.js";

/** A test: what it does with a scene that is made for it, and torn down after it. */
export type Body = (scene: Scene) => unknown;

/** Groups and tests of one backend, on whatever runner was given. */
export class Suite {
  readonly factory: BackendFactory;
  readonly options: ConformanceOptions;
  private readonly names: string[] = [];
  private readonly skipAll: string | undefined;

  constructor(options: ConformanceOptions, skipAll?: string) {
    this.options = options;
    this.factory = options.factory;
    this.skipAll = skipAll;
  }

  /** A group of tests. */
  describe(name: string, body: () => void): void {
    this.options.describe(name, () => {
      this.names.push(name);
      body();
      this.names.pop();
    });
  }

  /** A test on a scene of its own. */
  it(name: string, body: Body): void {
    this.test(name, () => {
      const scene = new Scene(this.factory, this.options);
      return finishing(
        () => body(scene),
        (failed) => {
          scene.end(failed);
        },
      );
    });
  }

  /** A test that makes all it needs itself. */
  test(name: string, body: () => unknown): void {
    const whole = [...this.names, name].join(" › ");
    const run = async (...context: unknown[]): Promise<void> => {
      const skip = (reason: string): void => {
        process.stderr.write(`skipped: ${whole}: ${reason}\n`);
        tellRunner(context[0], reason);
      };
      if (this.skipAll !== undefined) {
        skip(this.skipAll);
        return;
      }
      try {
        await body();
      } catch (error) {
        if (!(error instanceof Skip)) throw error;
        skip(error.message);
      }
    };
    this.options.it(name, run, LIMIT);
  }
}

/** Runs `body`, and `end` after it, also when it fails. */
async function finishing(body: () => unknown, end: (failed: boolean) => void): Promise<void> {
  try {
    await body();
  } catch (error) {
    end(true);
    throw error;
  }
  end(false);
}

/** Runners with a third outcome take it from their test context: node:test, Vitest. */
function tellRunner(context: unknown, reason: string): void {
  // Vitest's is a function with properties.
  const isContext = (typeof context === "object" && context !== null) || typeof context === "function";
  if (!isContext || !("skip" in context)) return;
  const { skip } = context;
  if (typeof skip === "function") Reflect.apply(skip, context, [reason]);
}
