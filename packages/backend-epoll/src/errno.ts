/** The errors of epoll that the state machine tells apart, by the numbers Linux gives them on every architecture of Node. */
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const EBADF = 9;
export const ENOMEM = 12;
export const EEXIST = 17;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ENOSYS = 38;
