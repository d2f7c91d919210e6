import { createRequire } from "node:module";
import type * as FastCheck from "fast-check";
import { LoopError } from "../../src/errors.js";

/**
 * The property-testing library that generates and shrinks programs. It is an optional peer of loop-core, because only those
 * who test a backend need it; it is looked for from here, where package managers put the peers of a package.
 */
export function fastCheck(): typeof FastCheck {
  try {
    return createRequire(import.meta.url)("fast-check") as typeof FastCheck;
  } catch (cause) {
    throw new LoopError("ERR_NO_FAST_CHECK", "the conformance kit's random programs need the package fast-check", {
      cause,
      remedy: "Install it beside the kit: npm install --save-dev fast-check@4",
    });
  }
}
