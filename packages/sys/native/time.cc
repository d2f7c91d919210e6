// Waiting and telling the time. Poll and Clock are hot.
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <memory>
#include <new>

#include "arguments.h"
#include "call.h"
#include "functions.h"
#include "milliseconds.h"

namespace sys {
namespace {

constexpr size_t kEntriesOnStack = 64;
constexpr size_t kTriple = 3;

// False, with an error thrown, when an entry asks for bits that poll(2) cannot hold.
bool CopyIn(napi_env env, const Int32Array& triples, pollfd* entries) {
  for (size_t i = 0; i < triples.length / kTriple; i++) {
    const int32_t* triple = triples.data + i * kTriple;
    if ((triple[1] & ~0xffff) != 0) {
      return ThrowInvalidValue(env, {"poll", "fds"},
                               "triples whose events are bits of poll(2), from 0 to 65535, got " +
                                   std::to_string(triple[1]) + " at index " + std::to_string(i * kTriple + 1));
    }
    entries[i] = {triple[0], static_cast<short>(triple[1]), 0};
  }
  return true;
}

}  // namespace

napi_value Poll(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Int32Array triples{};
  double timeout = 0;
  if (!TakeInt32Array(env, call.argument[0], {"poll", "fds"}, &triples) ||
      !TakeMilliseconds(env, call.argument[1], {"poll", "timeoutMs"}, true, &timeout)) {
    return nullptr;
  }
  if (triples.length % kTriple != 0) {
    ThrowInvalidValue(env, {"poll", "fds"},
                      "an Int32Array of triples fd, events, revents, got length " + std::to_string(triples.length));
    return nullptr;
  }
  const size_t count = triples.length / kTriple;
  pollfd on_stack[kEntriesOnStack];
  std::unique_ptr<pollfd[]> on_heap;
  pollfd* entries = on_stack;
  if (count > kEntriesOnStack) {
    on_heap.reset(new (std::nothrow) pollfd[count]);
    if (on_heap == nullptr) return Answer(env, -ENOMEM);
    entries = on_heap.get();
  }
  if (!CopyIn(env, triples, entries)) return nullptr;
  // ppoll, not poll: poll(2) knows whole milliseconds only.
  const timespec limit = ToTimespec(timeout < 0 ? 0 : timeout);
  const int ready = ::ppoll(entries, count, timeout < 0 ? nullptr : &limit, nullptr);
  // A failed call leaves revents undefined: the caller's stay as they were.
  if (ready < 0) return Answer(env, -errno);
  for (size_t i = 0; i < count; i++) triples.data[i * kTriple + 2] = static_cast<uint16_t>(entries[i].revents);
  return Answer(env, ready);
}

napi_value Clock(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const Argument out{"clock", "out"};
  auto type = static_cast<napi_typedarray_type>(-1);
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, call.argument[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array) {
    ThrowNotArray(env, out, call.argument[0], "a Float64Array");
    return nullptr;
  }
  if (length != 2) {
    if (CheckAttached(env, call.argument[0], out)) {
      ThrowInvalidValue(env, out, "a Float64Array of length 2, got one of length " + std::to_string(length));
    }
    return nullptr;
  }
  timespec monotonic{};
  timespec realtime{};
  ::clock_gettime(CLOCK_MONOTONIC, &monotonic);
  ::clock_gettime(CLOCK_REALTIME, &realtime);
  auto* times = static_cast<double*>(data);
  times[0] = ToMilliseconds(monotonic);
  times[1] = ToMilliseconds(realtime);
  return Answer(env, 0);
}

napi_value Timerfd(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  double first = 0;
  double interval = 0;
  if (!TakeMilliseconds(env, call.argument[0], {"timerfd", "firstMs"}, false, &first) ||
      !TakeMilliseconds(env, call.argument[1], {"timerfd", "intervalMs"}, false, &interval)) {
    return nullptr;
  }
  itimerspec setting{};
  setting.it_value = ToTimespec(first);
  setting.it_interval = ToTimespec(interval);
  // Zero would disarm the timer; "at once" is the next nanosecond.
  if (setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec == 0) setting.it_value.tv_nsec = 1;
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return Answer(env, -errno);
  if (::timerfd_settime(fd, 0, &setting, nullptr) < 0) {
    const int error = errno;
    ::close(fd);
    return Answer(env, -error);
  }
  return Answer(env, fd);
}

}  // namespace sys
