import * as sys from "../src/index.js";

const scratch = new Uint8Array(65536);

/** Two numbers that a call stored. */
function pairOf(make: (out: Int32Array) => number): readonly [number, number] {
  const out = new Int32Array(2);
  const result = make(out);
  if (result < 0) throw new Error(sys.errnoName(result));
  return [out[0] as number, out[1] as number];
}

/** A pipe: [read end, write end]. */
export const pipe = (): readonly [number, number] => pairOf(sys.pipe);

/** A connected pair of stream sockets. */
export const streamPair = (): readonly [number, number] => pairOf((out) => sys.socketpair(out, "stream"));

/** A pseudo-terminal: [master, slave]. */
export const pty = (): readonly [number, number] => pairOf(sys.openpty);

/** Both ends of a TCP connection on loopback. */
export function tcpPair(): readonly [near: number, far: number] {
  const listener = sys.listenTcp("127.0.0.1", 0);
  const near = sys.connectTcp("127.0.0.1", sys.localPort(listener));
  sys.poll(new Int32Array([listener, 1, 0]), 5000);
  const far = sys.accept(listener);
  sys.close(listener);
  sys.poll(new Int32Array([near, 4, 0]), 5000);
  return [near, far];
}

/** Writes one byte. */
export function send(fd: number): void {
  const result = sys.write(fd, scratch, 0, 1);
  if (result !== 1) throw new Error(`write: ${sys.errnoName(result)}`);
}

/** Reads all there is and returns how much that was. */
export function drain(fd: number): number {
  let total = 0;
  for (;;) {
    const count = sys.read(fd, scratch);
    if (count <= 0) return total;
    total += count;
  }
}

/** Writes until nothing more fits. */
export function fill(fd: number): void {
  while (sys.write(fd, scratch) > 0);
}

/** Closes several descriptors. */
export function closeAll(...fds: number[]): void {
  for (const fd of fds) sys.close(fd);
}
