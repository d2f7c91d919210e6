import { native } from "./native.js";

/**
 * close(2).
 *
 * @returns 0, or a negative errno: `-EBADF` when `fd` is not open. Also after an error such as `-EIO` the number is free.
 */
export function close(fd: number): number {
  return native().close(fd);
}

/**
 * A second number for the open file of `fd`: the lowest free one, close-on-exec. The file itself stays one, so both
 * numbers share its position and whether it is non-blocking.
 *
 * @returns the new descriptor, or a negative errno: `-EBADF`, `-EMFILE`.
 */
export function dup(fd: number): number {
  return native().dup(fd);
}

/**
 * Sets or clears O_NONBLOCK of the open file of `fd`; every duplicate, in other processes too, is affected.
 *
 * @returns 0, or a negative errno: `-EBADF`.
 */
export function setNonBlocking(fd: number, on: boolean): number {
  return native().setNonBlocking(fd, on);
}

/**
 * How many descriptors this process may have: the soft limit RLIMIT_NOFILE. Every descriptor is below it.
 *
 * @returns the limit, 2³¹ − 1 standing for that and anything above.
 */
export function descriptorLimit(): number {
  return native().descriptorLimit();
}

/**
 * Changes the soft limit RLIMIT_NOFILE of the whole process, up to the hard limit, which is never changed, privileged
 * or not. Descriptors that are open already stay open.
 *
 * @param count 0 to 2³¹ − 1.
 * @returns the new soft limit, or a negative errno: `-EPERM` above the hard limit.
 */
export function setDescriptorLimit(count: number): number {
  return native().setDescriptorLimit(count);
}
