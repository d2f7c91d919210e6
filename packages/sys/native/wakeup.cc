#include "wakeup.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

#include "arguments.h"
#include "errno-name.h"
#include "milliseconds.h"
#include "take-control.h"

namespace sys {
namespace {

double Now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return ToMilliseconds(time);
}

// Descriptors could not be had: the one failure of a constructor that is not misuse.
void ThrowErrno(Napi::Env env, int error) {
  const std::string code = NameOfErrno(error);
  Napi::Error failure = Napi::Error::New(env, "Wakeup: the descriptors could not be opened: " + code);
  failure.Set("code", Napi::String::New(env, code));
  failure.Set("errno", Napi::Number::New(env, -error));
  failure.ThrowAsJavaScriptException();
}

}  // namespace

Napi::Function Wakeup::Define(Napi::Env env) {
  return DefineClass(env, "NativeWakeup",
                     {InstanceAccessor<&Wakeup::Descriptor>("fd"), InstanceMethod<&Wakeup::Consume>("consume"),
                      InstanceMethod<&Wakeup::Wait>("wait"), InstanceMethod<&Wakeup::Reopen>("reopen"),
                      InstanceMethod<&Wakeup::WatchThread>("watchThread"), InstanceMethod<&Wakeup::Close>("close")});
}

Wakeup::Wakeup(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Wakeup>(info) {
  Napi::Env env = info.Env();
  int32_t* words = nullptr;
  bool watch_thread = false;
  if (!TakeControl(env, info[0], "Wakeup", &words) ||
      !TakeBoolean(env, info[1], {"Wakeup", "options.watchThread"}, &watch_thread)) {
    return;
  }
  if (watch_thread) {
    uv_loop_s* loop = nullptr;
    if (!CanWatchThreads() || napi_get_uv_event_loop(env, &loop) != napi_ok || loop == nullptr) {
      Napi::Error error = Napi::Error::New(env, "Wakeup: this runtime shows no libuv loop, so watchThread cannot work");
      error.Set("code", Napi::String::New(env, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM"));
      error.ThrowAsJavaScriptException();
      return;
    }
    loop_ = loop;
  }
  const int failed = files_.Open(loop_, false);
  if (failed < 0) {
    ThrowErrno(env, -failed);
    return;
  }
  memory_ = Napi::Persistent(info[0].As<Napi::Object>());
  process_ = ::getpid();
  control_ = Control(words);
  control_.SetDescriptor(files_.event);
  watching_ = watch_thread;
  open_ = true;
}

Wakeup::~Wakeup() {
  Shut();
}

bool Wakeup::CheckOpen(Napi::Env env, const char* function) const {
  if (open_) return true;
  napi_throw_error(env, "ERR_INVALID_STATE", (std::string("Wakeup.") + function + ": the Wakeup is closed").c_str());
  return false;
}

void Wakeup::LockOut(int32_t bit) {
  if (const pid_t now = ::getpid(); now != process_) {
    process_ = now;
    control_.ForgetSenders();
  }
  control_.Lock(bit);
}

void Wakeup::Shut() {
  if (!open_) return;
  open_ = false;
  LockOut(kClosed);
  control_.SetDescriptor(-1);
  files_.Close();
}

Napi::Value Wakeup::Descriptor(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), open_ ? files_.Readable() : -1);
}

Napi::Value Wakeup::Consume(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), open_ ? files_.Consume(loop_) : 0);
}

Napi::Value Wakeup::Wait(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  double duration = 0;
  if (!TakeMilliseconds(env, info[0], {"Wakeup.wait", "ms"}, true, &duration) || !CheckOpen(env, "wait")) return {};
  const bool limited = duration >= 0;
  const double deadline = Now() + duration;
  pollfd entry{files_.Readable(), POLLIN, 0};
  for (;;) {
    const timespec limit = ToTimespec(limited ? duration : 0);
    const int ready = ::ppoll(&entry, 1, limited ? &limit : nullptr, nullptr);
    if (ready >= 0 || errno != EINTR) return Napi::Boolean::New(env, ready > 0);
    duration = limited ? std::fmax(deadline - Now(), 0) : duration;
  }
}

Napi::Value Wakeup::Reopen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!CheckOpen(env, "reopen")) return {};
  WakeupFiles fresh;
  // Signalled from the start: a send that met the exchange, or that was swallowed by the lost descriptor, is not lost.
  const int failed = fresh.Open(loop_, true);
  if (failed < 0) return Napi::Number::New(env, failed);
  if (loop_ != nullptr && !watching_) fresh.WatchLoop(loop_, false);
  LockOut(kReopening);
  files_.Close();
  files_ = fresh;
  control_.SetDescriptor(files_.event);
  control_.Unlock(kReopening);
  return Napi::Number::New(env, 0);
}

Napi::Value Wakeup::WatchThread(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  bool on = false;
  if (!TakeBoolean(env, info[0], {"Wakeup.watchThread", "on"}, &on) || !CheckOpen(env, "watchThread")) return {};
  if (on == watching_) return Napi::Number::New(env, 0);
  if (loop_ == nullptr) {
    napi_throw_error(env, "ERR_INVALID_STATE", "Wakeup.watchThread: the Wakeup was made without { watchThread: true }");
    return {};
  }
  const int failed = files_.WatchLoop(loop_, on);
  if (failed == 0) watching_ = on;
  return Napi::Number::New(env, failed);
}

void Wakeup::Close(const Napi::CallbackInfo&) {
  Shut();
}

}  // namespace sys
