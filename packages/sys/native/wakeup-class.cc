// NativeWakeup, the JavaScript class around Wakeup.
//
// Plain Node-API, because a worker can be terminated at any moment: from then on napi_wrap, napi_unwrap and
// napi_define_class fail, and node-addon-api, built without C++ exceptions, answers such a failure by aborting the
// process. Here it is answered by returning: there is no JavaScript left that could see the result.
#include <memory>
#include <string>

#include "arguments.h"
#include "call.h"
#include "errno-name.h"
#include "take-control.h"
#include "wakeup.h"

namespace sys {
namespace {

// What the JavaScript object holds.
struct Holder {
  std::unique_ptr<Wakeup> wakeup;
  // Keeps the shared memory alive: senders elsewhere do not, and the finalizer writes to it.
  napi_ref memory = nullptr;
};

void Finalize(napi_env env, void* data, void*) {
  std::unique_ptr<Holder> holder(static_cast<Holder*>(data));
  holder->wakeup.reset();
  napi_delete_reference(env, holder->memory);
}

// `this` and the one argument of a method. Null when the thread is being terminated.
Wakeup* TakeReceiver(napi_env env, napi_callback_info info, napi_value* argument) {
  size_t count = 1;
  napi_value receiver = nullptr;
  void* data = nullptr;
  // V8 itself refuses a receiver that no constructor of ours has made.
  if (napi_get_cb_info(env, info, &count, argument, &receiver, nullptr) != napi_ok ||
      napi_unwrap(env, receiver, &data) != napi_ok) {
    return nullptr;
  }
  return static_cast<Holder*>(data)->wakeup.get();
}

// The same, for methods that a closed one refuses.
Wakeup* TakeOpen(napi_env env, napi_callback_info info, const char* method, napi_value* argument) {
  Wakeup* wakeup = TakeReceiver(env, info, argument);
  if (wakeup == nullptr || wakeup->IsOpen()) return wakeup;
  const std::string message = std::string("Wakeup.") + method + ": the Wakeup is closed";
  napi_throw_error(env, "ERR_INVALID_STATE", message.c_str());
  return nullptr;
}

// Descriptors could not be had: the one failure of the constructor that is not misuse.
napi_value ThrowErrno(napi_env env, int error) {
  const std::string code = NameOfErrno(error);
  const std::string message = "Wakeup: the descriptors could not be opened: " + code;
  napi_throw_error(env, code.c_str(), message.c_str());
  return nullptr;
}

bool TakeLoop(napi_env env, const uv_loop_s** out) {
  uv_loop_s* loop = nullptr;
  if (CanWatchThreads() && napi_get_uv_event_loop(env, &loop) == napi_ok && loop != nullptr) {
    *out = loop;
    return true;
  }
  napi_throw_error(env, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
                   "Wakeup: this runtime shows no libuv loop, so watchThread cannot work");
  return false;
}

napi_value Construct(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value argument[2];
  napi_value receiver = nullptr;
  int32_t* words = nullptr;
  bool watch_thread = false;
  const uv_loop_s* loop = nullptr;
  if (napi_get_cb_info(env, info, &count, argument, &receiver, nullptr) != napi_ok ||
      !TakeControl(env, argument[0], "Wakeup", &words) ||
      !TakeBoolean(env, argument[1], {"Wakeup", "options.watchThread"}, &watch_thread) ||
      (watch_thread && !TakeLoop(env, &loop))) {
    return nullptr;
  }
  auto holder = std::make_unique<Holder>();
  holder->wakeup = std::make_unique<Wakeup>(words, loop);
  const int failed = holder->wakeup->Open();
  if (failed < 0) return ThrowErrno(env, -failed);
  if (napi_create_reference(env, argument[0], 1, &holder->memory) != napi_ok) return nullptr;
  if (napi_wrap(env, receiver, holder.get(), Finalize, nullptr, nullptr) != napi_ok) {
    napi_delete_reference(env, holder->memory);
    return nullptr;
  }
  holder.release();
  return receiver;
}

napi_value Descriptor(napi_env env, napi_callback_info info) {
  napi_value none = nullptr;
  const Wakeup* wakeup = TakeReceiver(env, info, &none);
  return wakeup == nullptr ? nullptr : Answer(env, wakeup->Descriptor());
}

napi_value Consume(napi_env env, napi_callback_info info) {
  napi_value none = nullptr;
  Wakeup* wakeup = TakeReceiver(env, info, &none);
  return wakeup == nullptr ? nullptr : Answer(env, wakeup->Consume());
}

napi_value Wait(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  double duration = 0;
  const Wakeup* wakeup = TakeOpen(env, info, "wait", &argument);
  if (wakeup == nullptr || !TakeMilliseconds(env, argument, {"Wakeup.wait", "ms"}, true, &duration)) return nullptr;
  napi_value result = nullptr;
  napi_get_boolean(env, wakeup->Wait(duration), &result);
  return result;
}

napi_value Reopen(napi_env env, napi_callback_info info) {
  napi_value none = nullptr;
  Wakeup* wakeup = TakeOpen(env, info, "reopen", &none);
  return wakeup == nullptr ? nullptr : Answer(env, wakeup->Reopen());
}

napi_value WatchThread(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  bool on = false;
  Wakeup* wakeup = TakeOpen(env, info, "watchThread", &argument);
  if (wakeup == nullptr || !TakeBoolean(env, argument, {"Wakeup.watchThread", "on"}, &on)) return nullptr;
  if (on && !wakeup->CanWatchThread()) {
    napi_throw_error(env, "ERR_INVALID_STATE", "Wakeup.watchThread: the Wakeup was made without { watchThread: true }");
    return nullptr;
  }
  return Answer(env, wakeup->WatchThread(on));
}

napi_value Close(napi_env env, napi_callback_info info) {
  napi_value none = nullptr;
  if (Wakeup* wakeup = TakeReceiver(env, info, &none); wakeup != nullptr) wakeup->Close();
  return nullptr;
}

napi_property_descriptor Member(const char* name, napi_callback method, napi_callback getter) {
  return {name, nullptr, method, getter, nullptr, nullptr, napi_default, nullptr};
}

}  // namespace

napi_value DefineWakeup(napi_env env) {
  const napi_property_descriptor members[] = {
      Member("fd", nullptr, Descriptor), Member("consume", Consume, nullptr),
      Member("wait", Wait, nullptr),     Member("reopen", Reopen, nullptr),
      Member("close", Close, nullptr),   Member("watchThread", WatchThread, nullptr),
  };
  napi_value result = nullptr;
  napi_define_class(env, "NativeWakeup", NAPI_AUTO_LENGTH, Construct, nullptr, sizeof members / sizeof members[0],
                    members, &result);
  return result;
}

}  // namespace sys
