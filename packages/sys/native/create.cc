// Making descriptors that are no sockets of the network. Non-blocking and close-on-exec from the first moment: a flag
// set later would leave a window in which another thread's fork and exec inherits them.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "arguments.h"
#include "call.h"
#include "functions.h"

// Linux 5.3; the number is the same on every architecture.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

namespace sys {
namespace {

napi_value AnswerPair(napi_env env, int returned, const int pair[2], int32_t* out) {
  if (returned < 0) return Answer(env, -errno);
  out[0] = pair[0];
  out[1] = pair[1];
  return Answer(env, 0);
}

// -1 with errno set, or 0 with both ends in `pair`.
int OpenTerminal(int pair[2]) {
  // glibc hands these flags to open("/dev/ptmx"); POSIX names only the first two.
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (master < 0) return -1;
  char name[64];
  // ptsname_r returns the error number itself.
  int error = ::grantpt(master) < 0 || ::unlockpt(master) < 0 ? errno : ::ptsname_r(master, name, sizeof name);
  if (error == 0) {
    const int slave = ::open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (slave >= 0) {
      pair[0] = master;
      pair[1] = slave;
      return 0;
    }
    error = errno;
  }
  ::close(master);
  errno = error;
  return -1;
}

}  // namespace

napi_value Pipe(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int32_t* out = nullptr;
  int pair[2];
  if (!TakeInt32s(env, call.argument[0], {"pipe", "out"}, 2, &out)) return nullptr;
  return AnswerPair(env, ::pipe2(pair, O_NONBLOCK | O_CLOEXEC), pair, out);
}

napi_value Socketpair(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  int32_t* out = nullptr;
  std::string type;
  int pair[2];
  if (!TakeInt32s(env, call.argument[0], {"socketpair", "out"}, 2, &out) ||
      !TakeString(env, call.argument[1], {"socketpair", "type"}, &type)) {
    return nullptr;
  }
  if (type != "stream" && type != "dgram") {
    ThrowInvalidValue(env, {"socketpair", "type"}, "\"stream\" or \"dgram\", got \"" + type + "\"");
    return nullptr;
  }
  const int kind = type == "stream" ? SOCK_STREAM : SOCK_DGRAM;
  return AnswerPair(env, ::socketpair(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), pair, out);
}

napi_value Openpty(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int32_t* out = nullptr;
  int pair[2];
  if (!TakeInt32s(env, call.argument[0], {"openpty", "out"}, 2, &out)) return nullptr;
  return AnswerPair(env, OpenTerminal(pair), pair, out);
}

napi_value Eventfd(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  double initial = 0;
  // All that eventfd(2)'s unsigned int holds, short of the all-ones value that an eventfd refuses in a write.
  if (!TakeOptionalInteger(env, call.argument[0], {"eventfd", "initial"}, 4294967294.0, 0, &initial)) return nullptr;
  return AnswerOf(env, ::eventfd(static_cast<unsigned>(initial), EFD_NONBLOCK | EFD_CLOEXEC));
}

napi_value PidfdOpen(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int pid = 0;
  if (!TakeInt(env, call.argument[0], {"pidfdOpen", "pid"}, 1, kMaxInt, &pid)) return nullptr;
  // PIDFD_NONBLOCK is O_NONBLOCK and came with Linux 5.10; 5.3 to 5.9 refuse every flag. Close-on-exec is always set.
  auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, O_NONBLOCK));
  if (fd < 0 && errno == EINVAL) {
    fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd >= 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }
  return AnswerOf(env, fd);
}

napi_value InotifyInit(napi_env env, napi_callback_info) {
  return AnswerOf(env, ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

napi_value InotifyAddWatch(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  int fd = 0;
  std::string path;
  double mask = 0;
  // Down to -2^31, because IN_ONESHOT is bit 31 and JavaScript's | makes a negative number of it.
  if (!TakeDescriptor(env, call.argument[0], "inotifyAddWatch", &fd) ||
      !TakeString(env, call.argument[1], {"inotifyAddWatch", "path"}, &path) ||
      !TakeInteger(env, call.argument[2], {"inotifyAddWatch", "mask"}, -2147483648.0, 4294967295.0, &mask)) {
    return nullptr;
  }
  const auto bits = static_cast<uint32_t>(static_cast<int64_t>(mask));
  return AnswerOf(env, ::inotify_add_watch(fd, path.c_str(), bits));
}

napi_value InotifyRemoveWatch(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  int fd = 0;
  int watch = 0;
  if (!TakeDescriptor(env, call.argument[0], "inotifyRemoveWatch", &fd) ||
      !TakeInt(env, call.argument[1], {"inotifyRemoveWatch", "wd"}, 0, kMaxInt, &watch)) {
    return nullptr;
  }
  return AnswerOf(env, ::inotify_rm_watch(fd, watch));
}

}  // namespace sys
