/** The errors that state machines tell apart, by the numbers Linux gives them on every architecture of Node. */
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EBUSY = 16;
export const EEXIST = 17;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ENOSYS = 38;
export const ETIME = 62;
export const EOPNOTSUPP = 95;
export const EALREADY = 114;
export const ECANCELED = 125;
