#ifndef POLYLOOP_SYS_WAKEUP_H_
#define POLYLOOP_SYS_WAKEUP_H_

#include <napi.h>
#include <sys/types.h>

#include "control.h"
#include "wakeup-files.h"

namespace sys {

// The owner's side of a wake-up: new NativeWakeup(control, watchThread). Owns its descriptors from construction to
// close(), or to the finalizer, which Node-API runs at the latest when the thread ends.
class Wakeup : public Napi::ObjectWrap<Wakeup> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit Wakeup(const Napi::CallbackInfo& info);
  ~Wakeup() override;

 private:
  Napi::Value Descriptor(const Napi::CallbackInfo& info);
  Napi::Value Consume(const Napi::CallbackInfo& info);
  Napi::Value Wait(const Napi::CallbackInfo& info);
  Napi::Value Reopen(const Napi::CallbackInfo& info);
  Napi::Value WatchThread(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  // Throws and returns false on a closed one.
  bool CheckOpen(Napi::Env env, const char* function) const;
  void LockOut(int32_t bit);
  void Shut();

  Control control_{nullptr};
  // Keeps the shared memory alive: senders elsewhere do not, and the finalizer writes to it.
  Napi::ObjectReference memory_;
  WakeupFiles files_;
  const uv_loop_s* loop_ = nullptr;
  pid_t process_ = 0;
  bool watching_ = false;
  bool open_ = false;
};

}  // namespace sys

#endif  // POLYLOOP_SYS_WAKEUP_H_
