// The sender's side of a wake-up, on any thread.
#include <unistd.h>

#include "call.h"
#include "functions.h"
#include "take-control.h"

namespace sys {
namespace {

// True when the owner will find its descriptor readable.
bool Signal(int fd) {
  const uint64_t one = 1;
  ssize_t count;
  do {
    count = ::write(fd, &one, sizeof one);
  } while (count < 0 && errno == EINTR);
  // EAGAIN: the counter is full, so it is readable already.
  return count == sizeof one || (count < 0 && errno == EAGAIN);
}

bool Send(Control control) {
  const int32_t bits = control.Enter();
  bool sent = false;
  if ((bits & kClosed) != 0) {
    sent = false;
  } else if ((bits & kReopening) != 0) {
    // The owner signals the new descriptor itself.
    sent = true;
  } else {
    sent = Signal(control.Descriptor());
  }
  control.Leave();
  return sent;
}

}  // namespace

bool TakeControl(napi_env env, napi_value value, const char* function, int32_t** out) {
  const Argument control{function, "control"};
  auto type = static_cast<napi_typedarray_type>(-1);
  size_t length = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, nullptr) != napi_ok ||
      type != napi_int32_array) {
    return ThrowNotArray(env, control, value, "an Int32Array over a SharedArrayBuffer");
  }
  // Node-API 8 has no question for a SharedArrayBuffer; but what is the buffer of a typed array and not an ArrayBuffer
  // is one. `data` is right for both.
  bool private_memory = true;
  if (napi_is_arraybuffer(env, buffer, &private_memory) != napi_ok || private_memory) {
    return ThrowInvalidValue(env, control, "an Int32Array over a SharedArrayBuffer, got one over an ArrayBuffer");
  }
  if (length < kControlLength) {
    return ThrowInvalidValue(env, control,
                             "an Int32Array of length " + std::to_string(kControlLength) +
                                 " or more, got one of length " + std::to_string(length));
  }
  *out = static_cast<int32_t*>(data);
  return true;
}

napi_value SendWakeup(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int32_t* words = nullptr;
  if (!TakeControl(env, call.argument[0], "sendWakeup", &words)) return nullptr;
  Control control(words);
  const int fd = control.Descriptor();
  // -1 is what a closed wake-up leaves behind.
  if (fd != -1 && fd < kLowestDescriptor) {
    ThrowInvalidValue(env, {"sendWakeup", "control"},
                      "the control of a Wakeup, got an array whose slot 0 is " + std::to_string(fd));
    return nullptr;
  }
  napi_value result = nullptr;
  napi_get_boolean(env, Send(control), &result);
  return result;
}

}  // namespace sys
