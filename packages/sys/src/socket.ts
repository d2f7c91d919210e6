import { native } from "./native.js";
import { checkOptions } from "./options.js";

/** How {@link listenTcp} listens. */
export interface ListenOptions {
  /** How many connections may wait to be accepted, ≥ 1; 511 by default. The sysctl net.core.somaxconn caps it. */
  readonly backlog?: number;
  /** SO_REUSEPORT: other sockets that ask for it, too, may listen on the same port. `false` by default. */
  readonly reusePort?: boolean;
}

/**
 * A socket that listens, non-blocking and close-on-exec, with SO_REUSEADDR. `"::"` accepts IPv4, too.
 *
 * @param host a numeric IPv4 or IPv6 address (`fe80::1%eth0` for one with a scope), or `"localhost"` for 127.0.0.1.
 * Other names throw `ERR_INVALID_ARG_VALUE`: resolving one would block the thread.
 * @param port 0 to 65535; 0 lets the kernel choose, see {@link localPort}.
 * @returns the descriptor, or a negative errno: `-EADDRINUSE`, `-EADDRNOTAVAIL`, `-EACCES`, `-EMFILE`, …
 */
export function listenTcp(host: string, port: number, options: ListenOptions = {}): number {
  checkOptions("listenTcp", options);
  const { backlog = 511, reusePort = false } = options;
  return native().listenTcp(host, port, backlog, reusePort);
}

/**
 * accept4(2): the next waiting connection, non-blocking and close-on-exec.
 *
 * @returns the descriptor, or a negative errno: `-EAGAIN` when none waits, `-ECONNABORTED` when the other side gave up
 * (go on accepting), `-EMFILE`, `-ENFILE`, `-EINVAL` when `fd` does not listen, `-EOPNOTSUPP` when it cannot (UDP), …
 */
export function accept(fd: number): number {
  return native().accept(fd);
}

/**
 * A socket that connects, non-blocking and close-on-exec. The connection is usually still in progress on return: wait
 * until the descriptor is writable, then ask {@link socketError}.
 *
 * @param host as in {@link listenTcp}.
 * @param port 1 to 65535.
 * @returns the descriptor, also while in progress, or a negative errno: `-ENETUNREACH`, `-EADDRNOTAVAIL`, `-EMFILE`, …
 */
export function connectTcp(host: string, port: number): number {
  return native().connectTcp(host, port);
}

/**
 * A socket that receives datagrams, non-blocking and close-on-exec. `read` takes one datagram a call: what does not fit
 * into the view is lost, and 0 is an empty datagram, not an end. `write` fails with `-EDESTADDRREQ`: the socket has no
 * peer. Ports are never shared: there is no SO_REUSEADDR. `"::"` receives IPv4, too.
 *
 * @param host as in {@link listenTcp}.
 * @param port 0 to 65535; 0 lets the kernel choose, see {@link localPort}.
 * @returns the descriptor, or a negative errno: `-EADDRINUSE`, `-EADDRNOTAVAIL`, `-EACCES`, `-EMFILE`, …
 */
export function bindUdp(host: string, port: number): number {
  return native().bindUdp(host, port);
}

/**
 * A socket that sends datagrams to one peer and receives those of that peer only, non-blocking and close-on-exec. Nothing
 * is sent by connecting, so it says nothing about the peer: that nobody listens there shows after a `write`, as
 * `-ECONNREFUSED` of the next `read` or `write`, or by {@link socketError}, whichever asks first.
 *
 * @param host as in {@link listenTcp}.
 * @param port 1 to 65535.
 * @returns the descriptor, bound to a free port, or a negative errno: `-ENETUNREACH`, `-EADDRNOTAVAIL`, `-EACCES` for a
 * broadcast address, `-EAGAIN` when no port is free, `-EMFILE`, …
 */
export function connectUdp(host: string, port: number): number {
  return native().connectUdp(host, port);
}

/**
 * shutdown(2): ends one direction of a connection, or both, for every duplicate of the descriptor.
 *
 * @returns 0, or a negative errno: `-ENOTCONN`, `-ENOTSOCK`, `-EBADF`.
 */
export function shutdown(fd: number, how: "read" | "write" | "both"): number {
  return native().shutdown(fd, how);
}

/**
 * The port that the socket is bound to.
 *
 * @returns the port, 0 when it is not bound, or a negative errno: `-EAFNOSUPPORT` for a family without ports (UNIX),
 * `-ENOTSOCK`, `-EBADF`.
 */
export function localPort(fd: number): number {
  return native().localPort(fd);
}

/**
 * Fetches and clears the pending error of a socket, SO_ERROR. Mind the sign: the socket's error is the answer, and
 * positive; only the failure of asking is negative.
 *
 * @returns 0 when there is none, the positive errno that is pending (`ECONNREFUSED` after a failed connect, for one), or
 * a negative errno when the call itself failed: `-ENOTSOCK`, `-EBADF`.
 */
export function socketError(fd: number): number {
  return native().socketError(fd);
}

/**
 * TCP_NODELAY: with `on`, small writes are sent at once and not gathered.
 *
 * @returns 0, or a negative errno: `-EOPNOTSUPP` or (UDP) `-ENOPROTOOPT` when the socket is not TCP, `-ENOTSOCK`, `-EBADF`.
 */
export function setNoDelay(fd: number, on: boolean): number {
  return native().setNoDelay(fd, on);
}
