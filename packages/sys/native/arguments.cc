#include "arguments.h"

#include <cinttypes>
#include <cstdio>

namespace sys {
namespace {

constexpr size_t kLongestShown = 60;

std::string FormatNumber(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  char text[32];
  std::snprintf(text, sizeof text, std::fabs(number) < 1e15 && number == std::trunc(number) ? "%.0f" : "%.17g", number);
  return text;
}

std::string FormatString(napi_env env, napi_value value) {
  // Room for the longest prefix that is shown, in UTF-8, and for the NUL that Node-API appends.
  char text[kLongestShown * 3 + 1];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, text, sizeof text, &length) != napi_ok) return "a string";
  std::string shown;
  for (size_t i = 0; i < length && shown.size() < kLongestShown; i++) {
    if (text[i] == '\0') {
      shown += "\\0";
    } else {
      shown += text[i];
    }
  }
  return "\"" + shown + (length > kLongestShown ? "..." : "") + "\"";
}

// The received value for a message. Never converts: a conversion could run JavaScript.
std::string Describe(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  switch (type) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean: {
      bool on = false;
      napi_get_value_bool(env, value, &on);
      return on ? "true" : "false";
    }
    case napi_number: {
      double number = 0;
      napi_get_value_double(env, value, &number);
      return FormatNumber(number);
    }
    case napi_string:
      return FormatString(env, value);
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    default:
      return "an object";
  }
}

std::string Prefix(Argument argument) {
  return std::string(argument.function) + ": \"" + argument.name + "\" must be ";
}

bool ThrowType(napi_env env, Argument argument, napi_value value, const std::string& wanted) {
  const std::string message = Prefix(argument) + wanted + ", got " + Describe(env, value);
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message.c_str());
  return false;
}

bool ThrowRange(napi_env env, Argument argument, napi_value value, const std::string& wanted) {
  const std::string message = Prefix(argument) + wanted + ", got " + Describe(env, value);
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message.c_str());
  return false;
}

bool IsNumber(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_number;
}

}  // namespace

bool IsUndefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_null;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_undefined;
}

bool ThrowNotInteger(napi_env env, Argument argument, napi_value value, double low, double high) {
  const std::string wanted = "an integer from " + FormatNumber(low) + " to " + FormatNumber(high);
  return IsNumber(env, value) ? ThrowRange(env, argument, value, wanted) : ThrowType(env, argument, value, wanted);
}

bool ThrowNotMilliseconds(napi_env env, Argument argument, napi_value value, bool negative) {
  const std::string wanted = "a number of milliseconds from 0 to " + FormatNumber(kMaxSafeInteger) +
                             (negative ? ", or negative for ever" : "");
  return IsNumber(env, value) ? ThrowRange(env, argument, value, wanted) : ThrowType(env, argument, value, wanted);
}

bool ThrowNotArray(napi_env env, Argument argument, napi_value value, const char* wanted) {
  return ThrowType(env, argument, value, wanted);
}

bool ThrowInvalidValue(napi_env env, Argument argument, const std::string& rule) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", (Prefix(argument) + rule).c_str());
  return false;
}

bool CheckAttached(napi_env env, napi_value value, Argument argument) {
  napi_value buffer = nullptr;
  bool detached = false;
  bool is_view = false;
  if (napi_is_dataview(env, value, &is_view) == napi_ok && is_view) {
    napi_get_dataview_info(env, value, nullptr, nullptr, &buffer, nullptr);
  } else {
    napi_get_typedarray_info(env, value, nullptr, nullptr, nullptr, &buffer, nullptr);
  }
  if (buffer == nullptr || napi_is_detached_arraybuffer(env, buffer, &detached) != napi_ok || !detached) return true;
  return ThrowInvalidValue(env, argument, "backed by memory, but its buffer is detached (transferred elsewhere)");
}

bool TakeMemoryOfOtherView(napi_env env, napi_value value, Argument argument, Memory* out) {
  bool is_view = false;
  void* data = nullptr;
  if (napi_is_dataview(env, value, &is_view) != napi_ok || !is_view) {
    return ThrowType(env, argument, value, "a typed array or DataView");
  }
  // V8 answers for a detached DataView too (its length is 0), but Node-API's contract does not say so.
  if (!CheckAttached(env, value, argument)) return false;
  if (napi_get_dataview_info(env, value, &out->size, &data, nullptr, nullptr) != napi_ok) {
    return ThrowType(env, argument, value, "a typed array or DataView");
  }
  out->data = static_cast<uint8_t*>(data);
  return true;
}

bool TakeBoolean(napi_env env, napi_value value, Argument argument, bool* out) {
  return napi_get_value_bool(env, value, out) == napi_ok || ThrowType(env, argument, value, "a boolean");
}

bool TakeString(napi_env env, napi_value value, Argument argument, std::string* out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    return ThrowType(env, argument, value, "a string");
  }
  out->resize(length + 1);
  napi_get_value_string_utf8(env, value, &(*out)[0], length + 1, &length);
  out->resize(length);
  if (out->find('\0') != std::string::npos) {
    return ThrowInvalidValue(env, argument, "a string without NUL bytes, got " + FormatString(env, value));
  }
  return true;
}

bool TakeInt32s(napi_env env, napi_value value, Argument argument, size_t length, int32_t** out) {
  Int32Array array{};
  if (!TakeInt32Array(env, value, argument, &array)) return false;
  if (array.length != length) {
    return ThrowInvalidValue(
        env, argument,
        "an Int32Array of length " + std::to_string(length) + ", got one of length " + std::to_string(array.length));
  }
  *out = array.data;
  return true;
}

}  // namespace sys
