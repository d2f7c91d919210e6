/**
 * Linux primitives as flat functions. Each returns a count or a descriptor, ≥ 0, or a negative errno; nothing throws but
 * misuse, which is always an error with `code` `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` or `ERR_INVALID_ARG_VALUE` that
 * names function, argument and value. Everything made here is non-blocking and close-on-exec.
 *
 * @packageDocumentation
 */
export {
  eventfd,
  inotifyAddWatch,
  inotifyInit,
  inotifyRemoveWatch,
  openpty,
  pidfdOpen,
  pipe,
  socketpair,
} from "./create.js";
export { close, descriptorLimit, dup, setDescriptorLimit, setNonBlocking } from "./descriptor.js";
export { errnoMessage, errnoName } from "./errno.js";
export {
  accept,
  bindUdp,
  connectTcp,
  connectUdp,
  type ListenOptions,
  listenTcp,
  localPort,
  setNoDelay,
  shutdown,
  socketError,
} from "./socket.js";
export { clock, poll, timerfd } from "./time.js";
export { read, sendUrgent, write } from "./transfer.js";
