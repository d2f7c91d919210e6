// The addon: a table of functions and one class. It has no state of its own (what is pinned belongs to the
// functions that were made for it), so that any number of threads and any number of copies can use it in one process.
#include <node_api.h>

#include "functions.h"
#include "wakeup.h"

namespace {

// Enumerable, unlike napi_default_method alone: the TypeScript side copies the exports.
constexpr auto kVisible = static_cast<napi_property_attributes>(napi_default_method | napi_enumerable);

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, kVisible, nullptr};
}

}  // namespace

// A failure leaves an exception pending, which require() throws, or means that the thread is being terminated.
NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  const napi_property_descriptor methods[] = {
      Method("read", sys::Read),
      Method("write", sys::Write),
      Method("createPinnedTransfer", sys::CreatePinnedTransfer),
      Method("sendUrgent", sys::SendUrgent),
      Method("poll", sys::Poll),
      Method("clock", sys::Clock),
      Method("timerfd", sys::Timerfd),
      Method("close", sys::Close),
      Method("dup", sys::Dup),
      Method("setNonBlocking", sys::SetNonBlocking),
      Method("descriptorLimit", sys::DescriptorLimit),
      Method("setDescriptorLimit", sys::SetDescriptorLimit),
      Method("pipe", sys::Pipe),
      Method("socketpair", sys::Socketpair),
      Method("openpty", sys::Openpty),
      Method("eventfd", sys::Eventfd),
      Method("pidfdOpen", sys::PidfdOpen),
      Method("inotifyInit", sys::InotifyInit),
      Method("inotifyAddWatch", sys::InotifyAddWatch),
      Method("inotifyRemoveWatch", sys::InotifyRemoveWatch),
      Method("listenTcp", sys::ListenTcp),
      Method("accept", sys::Accept),
      Method("connectTcp", sys::ConnectTcp),
      Method("bindUdp", sys::BindUdp),
      Method("connectUdp", sys::ConnectUdp),
      Method("shutdown", sys::Shutdown),
      Method("localPort", sys::LocalPort),
      Method("socketError", sys::SocketError),
      Method("setNoDelay", sys::SetNoDelay),
      Method("errnoName", sys::ErrnoName),
      Method("errnoMessage", sys::ErrnoMessage),
      Method("sendWakeup", sys::SendWakeup),
  };
  napi_define_properties(env, exports, sizeof methods / sizeof methods[0], methods);
  napi_value wakeup = sys::DefineWakeup(env);
  if (wakeup != nullptr) napi_set_named_property(env, exports, "NativeWakeup", wakeup);
  return exports;
}
