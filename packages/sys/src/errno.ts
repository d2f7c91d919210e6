import { native } from "./native.js";

/**
 * The name of an error number of this machine: `errnoName(-11)` and `errnoName(11)` are `"EAGAIN"`. Of two names for a
 * number it is the one in errno(3) that is not marked as an alias.
 *
 * @param errno −(2³¹ − 1) to 2³¹ − 1, either sign.
 * @returns the name, or `"E#1234"` for a number without one; 0 is `"E#0"`.
 */
export function errnoName(errno: number): string {
  return native().errnoName(errno);
}

/**
 * What strerror(3) says about an error number: `"Resource temporarily unavailable"`. The words are those of the C library.
 *
 * @param errno −(2³¹ − 1) to 2³¹ − 1, either sign.
 */
export function errnoMessage(errno: number): string {
  return native().errnoMessage(errno);
}
