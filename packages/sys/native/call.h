// What every function of the addon is made of: the arguments as they came, and an int as the answer.
#ifndef POLYLOOP_SYS_CALL_H_
#define POLYLOOP_SYS_CALL_H_

#include <node_api.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace sys {

// Missing arguments read as undefined, surplus ones are ignored: both are Node-API's own rules.
template <size_t N>
struct Call {
  napi_value argument[N];

  Call(napi_env env, napi_callback_info info) {
    size_t count = N;
    napi_get_cb_info(env, info, &count, argument, nullptr, nullptr);
  }
};

// Fits every answer: the kernel moves at most 0x7ffff000 bytes a call. An int is a Smi on 64-bit machines, so nothing
// is allocated for it.
inline napi_value Answer(napi_env env, int value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

// For system calls that return -1 and set errno.
inline napi_value AnswerOf(napi_env env, int64_t returned) {
  return Answer(env, returned < 0 ? -errno : static_cast<int>(returned));
}

}  // namespace sys

#endif  // POLYLOOP_SYS_CALL_H_
