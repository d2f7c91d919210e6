/**
 * The conformance kit: what makes a backend a backend. In a test file of the package that contributes one, under any runner
 * that has `describe` and `it`:
 *
 * ```ts
 * import { conformance } from "@polyloop/loop-core/conformance";
 * import { myBackend } from "../src/index.js";
 * conformance({ describe, it, factory: myBackend() });
 * ```
 *
 * @packageDocumentation
 */
export { conformance } from "./conformance.js";
export { type FaultProgramsOptions, faultPrograms } from "./fault-programs.js";
export type { ConformanceOptions, TestRunner } from "./options.js";
export type { Decide, Fault, FaultyKernel } from "./programs/fake-kernel.js";
