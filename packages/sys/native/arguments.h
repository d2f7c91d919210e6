// Arguments of one call, taken from JavaScript and checked. Everything here either fills its out parameter and returns
// true, or throws a JavaScript error that names function, argument, range and value, and returns false.
//
// Nothing here runs JavaScript (no getter, no conversion), so a view that was checked stays as it was until the system
// call returns.
#ifndef POLYLOOP_SYS_ARGUMENTS_H_
#define POLYLOOP_SYS_ARGUMENTS_H_

#include <node_api.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sys {

constexpr double kMaxInt = 2147483647.0;
constexpr double kMaxSafeInteger = 9007199254740991.0;

// What an error message has to name.
struct Argument {
  const char* function;
  const char* name;
};

// The memory of a view. `data` may be null when `size` is 0.
struct Memory {
  uint8_t* data;
  size_t size;
};

struct Int32Array {
  int32_t* data;
  size_t length;
};

// The cold halves: they only compose and throw.
[[gnu::cold]] bool ThrowNotInteger(napi_env env, Argument argument, napi_value value, double low, double high);
[[gnu::cold]] bool ThrowNotMilliseconds(napi_env env, Argument argument, napi_value value, bool negative);
[[gnu::cold]] bool ThrowNotArray(napi_env env, Argument argument, napi_value value, const char* wanted);
[[gnu::cold]] bool ThrowInvalidValue(napi_env env, Argument argument, const std::string& rule);
[[gnu::cold]] bool IsUndefined(napi_env env, napi_value value);
[[gnu::cold]] bool TakeMemoryOfOtherView(napi_env env, napi_value value, Argument argument, Memory* out);
[[gnu::cold]] bool CheckAttached(napi_env env, napi_value value, Argument argument);

bool TakeBoolean(napi_env env, napi_value value, Argument argument, bool* out);
// Without embedded NUL, which the kernel would take for the end.
bool TakeString(napi_env env, napi_value value, Argument argument, std::string* out);
// An Int32Array of exactly `length` elements.
bool TakeInt32s(napi_env env, napi_value value, Argument argument, size_t length, int32_t** out);

inline bool TakeInteger(napi_env env, napi_value value, Argument argument, double low, double high, double* out) {
  if (napi_get_value_double(env, value, out) == napi_ok && *out >= low && *out <= high && *out == std::trunc(*out)) {
    return true;
  }
  return ThrowNotInteger(env, argument, value, low, high);
}

inline bool TakeInt(napi_env env, napi_value value, Argument argument, double low, double high, int* out) {
  double number = 0;
  if (!TakeInteger(env, value, argument, low, high, &number)) return false;
  *out = static_cast<int>(number);
  return true;
}

inline bool TakeDescriptor(napi_env env, napi_value value, const char* function, int* out) {
  return TakeInt(env, value, {function, "fd"}, 0, kMaxInt, out);
}

// `undefined` stands for `fallback`; asked only after the fast way failed.
inline bool TakeOptionalInteger(napi_env env, napi_value value, Argument argument, double high, double fallback,
                                double* out) {
  if (napi_get_value_double(env, value, out) == napi_ok && *out >= 0 && *out <= high && *out == std::trunc(*out)) {
    return true;
  }
  if (IsUndefined(env, value)) {
    *out = fallback;
    return true;
  }
  return ThrowNotInteger(env, argument, value, 0, high);
}

// A duration; fractions are honoured. With `negative`, anything below 0 stands for "for ever".
inline bool TakeMilliseconds(napi_env env, napi_value value, Argument argument, bool negative, double* out) {
  if (napi_get_value_double(env, value, out) == napi_ok && *out <= kMaxSafeInteger &&
      *out >= (negative ? -kMaxSafeInteger : 0)) {
    return true;
  }
  return ThrowNotMilliseconds(env, argument, value, negative);
}

inline size_t ElementSize(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
    case napi_float16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
  }
  return 0;
}

// Any ArrayBufferView, as bytes. One Node-API call for a typed array that is in order.
inline bool TakeMemory(napi_env env, napi_value value, Argument argument, Memory* out) {
  // A kind of array this Node-API does not know leaves `type` alone: it must not read as a known one.
  auto type = static_cast<napi_typedarray_type>(-1);
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) {
    return TakeMemoryOfOtherView(env, value, argument, out);
  }
  const size_t size = ElementSize(type);
  if (size == 0) return ThrowNotArray(env, argument, value, "a typed array or DataView");
  out->data = static_cast<uint8_t*>(data);
  out->size = length * size;
  // A detached buffer shows as length 0; told apart only then, because asking costs as much as the rest.
  return out->size != 0 || CheckAttached(env, value, argument);
}

inline bool TakeInt32Array(napi_env env, napi_value value, Argument argument, Int32Array* out) {
  auto type = static_cast<napi_typedarray_type>(-1);
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &out->length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array) {
    return ThrowNotArray(env, argument, value, "an Int32Array");
  }
  out->data = static_cast<int32_t*>(data);
  return out->length != 0 || CheckAttached(env, value, argument);
}

}  // namespace sys

#endif  // POLYLOOP_SYS_ARGUMENTS_H_
