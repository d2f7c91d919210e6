// What can be done with any descriptor, and how many there may be.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arguments.h"
#include "call.h"
#include "functions.h"

namespace sys {

napi_value Close(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int fd = 0;
  if (!TakeDescriptor(env, call.argument[0], "close", &fd)) return nullptr;
  // Linux has released the number when close() reports EINTR: trying again could close somebody else's file.
  if (::close(fd) < 0 && errno != EINTR) return Answer(env, -errno);
  return Answer(env, 0);
}

napi_value Dup(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int fd = 0;
  if (!TakeDescriptor(env, call.argument[0], "dup", &fd)) return nullptr;
  return AnswerOf(env, ::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

napi_value SetNonBlocking(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  int fd = 0;
  bool on = false;
  if (!TakeDescriptor(env, call.argument[0], "setNonBlocking", &fd) ||
      !TakeBoolean(env, call.argument[1], {"setNonBlocking", "on"}, &on)) {
    return nullptr;
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return Answer(env, -errno);
  const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (wanted == flags) return Answer(env, 0);
  return AnswerOf(env, ::fcntl(fd, F_SETFL, wanted));
}

napi_value DescriptorLimit(napi_env env, napi_callback_info) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return Answer(env, -errno);
  // RLIM_INFINITY, too, is a limit that no int can reach.
  return Answer(env, limit.rlim_cur > INT32_MAX ? INT32_MAX : static_cast<int>(limit.rlim_cur));
}

napi_value SetDescriptorLimit(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int count = 0;
  if (!TakeInt(env, call.argument[0], {"setDescriptorLimit", "count"}, 0, kMaxInt, &count)) return nullptr;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return Answer(env, -errno);
  // The kernel's own answer would be EINVAL, which says less; the hard limit is never touched, privileged or not.
  if (static_cast<rlim_t>(count) > limit.rlim_max) return Answer(env, -EPERM);
  limit.rlim_cur = static_cast<rlim_t>(count);
  return AnswerOf(env, ::setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -1 : count);
}

}  // namespace sys
