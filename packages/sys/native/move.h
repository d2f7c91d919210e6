// The two system calls that move bytes, as a count or a negative errno.
//
// EINTR is retried: descriptors made here do not block, and on one that does, a handler installed with SA_RESTART
// (Node's are) would have had the same effect.
#ifndef POLYLOOP_SYS_MOVE_H_
#define POLYLOOP_SYS_MOVE_H_

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace sys {

enum class Direction { kRead, kWrite };

// No SIGPIPE: Node ignores that signal in the whole process, so a broken pipe is -EPIPE. An int is enough: the kernel
// moves at most 0x7ffff000 bytes a call.
template <Direction kDirection>
inline int Move(int fd, uint8_t* data, size_t length) {
  ssize_t count;
  do {
    count = kDirection == Direction::kRead ? ::read(fd, data, length) : ::write(fd, data, length);
  } while (count < 0 && errno == EINTR);
  return count < 0 ? -errno : static_cast<int>(count);
}

}  // namespace sys

#endif  // POLYLOOP_SYS_MOVE_H_
