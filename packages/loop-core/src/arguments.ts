import { inspect } from "node:util";
import { LoopError } from "./errors.js";

/** How a value that was refused is shown in a message: short, and never the whole of a large object. */
export function show(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60 });
}

/** An error for an argument of the wrong type. */
export function wrongType(where: string, name: string, wanted: string, value: unknown): LoopError {
  return new LoopError("ERR_INVALID_ARG_TYPE", `${where}: ${name} must be ${wanted}, got ${show(value)}`);
}

/** An error for an argument of the right type that lies outside its range. */
export function outOfRange(where: string, name: string, wanted: string, value: unknown): LoopError {
  return new LoopError("ERR_OUT_OF_RANGE", `${where}: ${name} must be ${wanted}, got ${show(value)}`);
}

/** An error for an argument whose value makes no sense here. */
export function wrongValue(where: string, name: string, wanted: string, value: unknown): LoopError {
  return new LoopError("ERR_INVALID_ARG_VALUE", `${where}: ${name} must be ${wanted}, got ${show(value)}`);
}

/** Refuses anything but a function. */
export function requireFunction(where: string, name: string, value: unknown): void {
  if (typeof value !== "function") throw wrongType(where, name, "a function", value);
}

/** Refuses anything but an integer within a range. */
export function requireInteger(where: string, name: string, value: unknown, low: number, high: number): void {
  if (typeof value !== "number") throw wrongType(where, name, "an integer", value);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw outOfRange(where, name, `an integer from ${String(low)} to ${String(high)}`, value);
  }
}

/** Refuses anything but a number that is not NaN: a duration may be negative (it is over) or infinite (never). */
export function requireDuration(where: string, name: string, value: unknown): void {
  if (typeof value !== "number") throw wrongType(where, name, "a number of milliseconds", value);
  if (Number.isNaN(value)) throw outOfRange(where, name, "a number of milliseconds", value);
}

/** Refuses anything but a number of milliseconds that is finite and not negative. */
export function requireInterval(where: string, name: string, value: unknown): void {
  requireDuration(where, name, value);
  if ((value as number) < 0 || !Number.isFinite(value)) {
    throw outOfRange(where, name, "a finite number of milliseconds, 0 or more", value);
  }
}
