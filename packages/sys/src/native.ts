import { loadAddon } from "./loader.js";

/** The control words of a {@link NativeWakeup}, and what it does with them. */
export interface NativeWakeup {
  readonly fd: number;
  consume(): number;
  wait(ms: number): boolean;
  reopen(): number;
  watchThread(on: boolean): number;
  close(): void;
}

/** One direction of moving bytes without arguments, see `pinned.ts`: private to it, for a wrong use reaches freed memory. */
export interface NativePinnedTransfer {
  readonly words: Int32Array<ArrayBuffer>;
  /** Whether `view` is what `run` works on from now on; if not, that is nothing. */
  readonly pin: (view: unknown) => view is Uint8Array;
  readonly run: () => void;
}

/** What the addon exports. It checks every argument itself; defaults of optional arguments are its own, too. */
export interface Native {
  read(fd: number, view: ArrayBufferView, offset?: number, length?: number): number;
  write(fd: number, view: ArrayBufferView, offset?: number, length?: number): number;
  createPinnedTransfer(writes: boolean): NativePinnedTransfer;
  sendUrgent(fd: number, byte: number): number;
  poll(fds: Int32Array, timeoutMs: number): number;
  clock(out: Float64Array): number;
  timerfd(firstMs: number, intervalMs: number): number;
  close(fd: number): number;
  dup(fd: number): number;
  setNonBlocking(fd: number, on: boolean): number;
  descriptorLimit(): number;
  setDescriptorLimit(count: number): number;
  pipe(out: Int32Array): number;
  socketpair(out: Int32Array, type: string): number;
  openpty(out: Int32Array): number;
  eventfd(initial?: number): number;
  pidfdOpen(pid: number): number;
  inotifyInit(): number;
  inotifyAddWatch(fd: number, path: string, mask: number): number;
  inotifyRemoveWatch(fd: number, wd: number): number;
  listenTcp(host: string, port: number, backlog: number, reusePort: boolean): number;
  accept(fd: number): number;
  connectTcp(host: string, port: number): number;
  bindUdp(host: string, port: number): number;
  connectUdp(host: string, port: number): number;
  shutdown(fd: number, how: string): number;
  localPort(fd: number): number;
  socketError(fd: number): number;
  setNoDelay(fd: number, on: boolean): number;
  errnoName(errno: number): string;
  errnoMessage(errno: number): string;
  sendWakeup(control: Int32Array): boolean;
  readonly NativeWakeup: new (control: Int32Array, watchThread: boolean) => NativeWakeup;
}

let opened: Native | undefined;

/** The addon, opened by the first call: importing the package must work where the binary does not. */
export function native(): Native {
  // A copy, because the exports of an addon are a slow dictionary to V8, and this object is looked at in every call.
  return (opened ??= { ...loadAddon<Native>({ name: "sys", from: import.meta.url }) });
}
