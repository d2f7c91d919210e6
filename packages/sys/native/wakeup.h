#ifndef POLYLOOP_SYS_WAKEUP_H_
#define POLYLOOP_SYS_WAKEUP_H_

#include <node_api.h>
#include <sys/types.h>

#include "control.h"
#include "wakeup-files.h"

namespace sys {

// The owner's side of a wake-up, the state behind a NativeWakeup. Owns its descriptors from Open() to Close(), or to
// its destructor, which the finalizer runs at the latest when the thread ends.
class Wakeup {
 public:
  // `words` must outlive this; `loop` is the thread's libuv loop, or null to watch no thread.
  Wakeup(int32_t* words, const uv_loop_s* loop) : control_(words), loop_(loop) {}
  ~Wakeup() { Close(); }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  bool IsOpen() const { return open_; }
  bool CanWatchThread() const { return loop_ != nullptr; }
  int Descriptor() const { return open_ ? files_.Readable() : -1; }

  // These three: 0 or more, or a negative errno.
  int Open();
  int Reopen();
  int WatchThread(bool on);
  int Consume() { return open_ ? files_.Consume(loop_) : 0; }
  // Whether there is something to consume. Negative: for ever.
  bool Wait(double milliseconds) const;
  void Close();

 private:
  void LockOut(int32_t bit);

  Control control_;
  WakeupFiles files_;
  const uv_loop_s* loop_;
  pid_t process_ = 0;
  bool watching_ = false;
  bool open_ = false;
};

// The class NativeWakeup(control, watchThread), or null with an error pending.
napi_value DefineWakeup(napi_env env);

}  // namespace sys

#endif  // POLYLOOP_SYS_WAKEUP_H_
