// EpollSet for JavaScript: takes and checks arguments, and nothing else.
//
// Plain Node-API instead of its C++ wrapper: that one aborts the process when a worker is terminated while its code
// runs, because every call fails then and it has no way to say so. Here a failed call is a return. V8 itself refuses a
// receiver that is no EpollSet.
#include <node_api.h>

#include <cerrno>
#include <climits>
#include <cmath>
#include <iterator>
#include <new>

#include "epoll-set.h"

namespace {

using backend_epoll::EpollSet;
using backend_epoll::Words;

bool RefuseType(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return false;
}

bool RefuseValue(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", message);
  return false;
}

// A detached array has length 0, and nothing runs JavaScript before the call is over.
bool TakeWords(napi_env env, napi_value value, const char* message, Words* out) {
  bool is_typed_array = false;
  napi_typedarray_type type{};
  size_t length = 0;
  void* data = nullptr;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array) {
    return RefuseType(env, message);
  }
  *out = {static_cast<int32_t*>(data), data == nullptr ? 0 : length};
  return true;
}

bool TakeInteger(napi_env env, napi_value value, int low, int high, const char* message, int* out) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return RefuseType(env, message);
  if (!(number >= low && number <= high && number == std::trunc(number))) {
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
    return false;
  }
  *out = static_cast<int>(number);
  return true;
}

bool TakeAnswers(napi_env env, napi_value value, Words* out) {
  constexpr const char* kMessage =
      "EpollSet: the answers must be an Int32Array with room for the header and one answer";
  if (!TakeWords(env, value, kMessage, out)) return false;
  return out->length >= backend_epoll::kHeaderLength + backend_epoll::kAnswerLength || RefuseValue(env, kMessage);
}

// The receiver and the arguments of one call; missing arguments read as undefined.
template <size_t N>
struct Call {
  napi_env env;
  EpollSet* set = nullptr;
  napi_value arguments[N];

  Call(napi_env environment, napi_callback_info info) : env(environment) {
    size_t count = N;
    napi_value receiver = nullptr;
    void* wrapped = nullptr;
    // napi_unwrap fails while the thread is being terminated, and for an object that was not made by the constructor.
    if (napi_get_cb_info(env, info, &count, arguments, &receiver, nullptr) == napi_ok &&
        napi_unwrap(env, receiver, &wrapped) == napi_ok) {
      set = static_cast<EpollSet*>(wrapped);
    } else {
      napi_throw_type_error(env, "ERR_INVALID_THIS", "EpollSet: called on something else");
    }
  }

  napi_value Answer(int value) const {
    napi_value result = nullptr;
    napi_create_int32(env, value, &result);
    return result;
  }

  // Takes `changes` and `count`, the first two arguments, and applies them. With a count of 0 there need be no array.
  bool Apply(bool* all_taken) const {
    constexpr const char* kMessage = "EpollSet: the changes must be an Int32Array that holds as many as were counted";
    int count = 0;
    Words changes{};
    if (!TakeInteger(env, arguments[1], 0, INT_MAX, "EpollSet: the number of changes must be an integer, 0 or more",
                     &count)) {
      return false;
    }
    if (count > 0 && !TakeWords(env, arguments[0], kMessage, &changes)) return false;
    if (changes.length / backend_epoll::kChangeLength < static_cast<size_t>(count)) return RefuseValue(env, kMessage);
    *all_taken = set->Apply(changes, static_cast<size_t>(count));
    return true;
  }
};

// apply(changes, count)
napi_value Apply(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  bool all_taken = true;
  if (call.set != nullptr) call.Apply(&all_taken);
  return nullptr;
}

// wait(changes, count, answers, seconds, nanoseconds)
napi_value Wait(napi_env env, napi_callback_info info) {
  const Call<5> call(env, info);
  Words answers{};
  int seconds = 0;
  int nanoseconds = 0;
  bool all_taken = true;
  if (call.set == nullptr ||
      !TakeInteger(env, call.arguments[3], -1, INT_MAX, "EpollSet.wait: seconds must be an integer, -1 or more",
                   &seconds) ||
      !TakeInteger(env, call.arguments[4], 0, 999'999'999,
                   "EpollSet.wait: nanoseconds must be an integer from 0 to 999999999", &nanoseconds) ||
      !TakeAnswers(env, call.arguments[2], &answers) || !call.Apply(&all_taken)) {
    return nullptr;
  }
  // Whoever asked for a change that failed must see that before anything waits.
  const timespec limit{all_taken ? seconds : 0, all_taken ? nanoseconds : 0};
  return call.Answer(call.set->Wait(answers, limit.tv_sec < 0 ? nullptr : &limit));
}

// waitMilliseconds(changes, count, answers, milliseconds)
napi_value WaitMilliseconds(napi_env env, napi_callback_info info) {
  const Call<4> call(env, info);
  Words answers{};
  int milliseconds = 0;
  bool all_taken = true;
  if (call.set == nullptr ||
      !TakeInteger(env, call.arguments[3], -1, INT_MAX,
                   "EpollSet.waitMilliseconds: the timeout must be an integer, -1 or more", &milliseconds) ||
      !TakeAnswers(env, call.arguments[2], &answers) || !call.Apply(&all_taken)) {
    return nullptr;
  }
  return call.Answer(call.set->WaitMilliseconds(answers, all_taken ? milliseconds : 0));
}

// keepReadable(on)
napi_value KeepReadable(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  bool on = false;
  if (call.set == nullptr) return nullptr;
  if (napi_get_value_bool(env, call.arguments[0], &on) != napi_ok) {
    RefuseType(env, "EpollSet.keepReadable: the argument must be true or false");
    return nullptr;
  }
  return call.Answer(call.set->KeepReadable(on));
}

napi_value GetFd(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.set == nullptr ? nullptr : call.Answer(call.set->fd());
}

napi_value Abandon(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  if (call.set != nullptr) call.set->Abandon();
  return nullptr;
}

napi_value Close(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  if (call.set != nullptr) call.set->Release();
  return nullptr;
}

// new EpollSet()
napi_value Construct(napi_env env, napi_callback_info info) {
  napi_value receiver = nullptr;
  napi_value target = nullptr;
  size_t count = 0;
  if (napi_get_new_target(env, info, &target) != napi_ok) return nullptr;
  if (target == nullptr) {
    napi_throw_type_error(env, "ERR_CONSTRUCT_CALL_REQUIRED", "EpollSet must be called with new");
    return nullptr;
  }
  if (napi_get_cb_info(env, info, &count, nullptr, &receiver, nullptr) != napi_ok) return nullptr;
  auto* set = new (std::nothrow) EpollSet();
  const auto finalize = [](napi_env, void* wrapped, void*) { delete static_cast<EpollSet*>(wrapped); };
  if (set == nullptr || napi_wrap(env, receiver, set, finalize, nullptr, nullptr) != napi_ok) {
    delete set;
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", "EpollSet: no memory is left");
    return nullptr;
  }
  return receiver;
}

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

// A failure leaves an exception pending, which require() throws, or means that the thread is being terminated.
NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  const napi_property_descriptor members[] = {
      {"fd", nullptr, nullptr, GetFd, nullptr, nullptr, napi_default, nullptr},
      Method("apply", Apply),
      Method("wait", Wait),
      Method("waitMilliseconds", WaitMilliseconds),
      Method("keepReadable", KeepReadable),
      Method("abandon", Abandon),
      Method("close", Close),
  };
  napi_value constructor = nullptr;
  if (napi_define_class(env, "EpollSet", NAPI_AUTO_LENGTH, Construct, nullptr, std::size(members), members,
                        &constructor) == napi_ok) {
    napi_set_named_property(env, exports, "EpollSet", constructor);
  }
  return exports;
}
