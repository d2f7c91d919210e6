// Every function that the addon exports, by the file that defines it. All are napi_callback.
#ifndef POLYLOOP_SYS_FUNCTIONS_H_
#define POLYLOOP_SYS_FUNCTIONS_H_

#include <node_api.h>

namespace sys {

// transfer.cc
napi_value Read(napi_env env, napi_callback_info info);
napi_value Write(napi_env env, napi_callback_info info);
napi_value SendUrgent(napi_env env, napi_callback_info info);

// pinned-transfer.cc
napi_value CreatePinnedTransfer(napi_env env, napi_callback_info info);

// time.cc
napi_value Poll(napi_env env, napi_callback_info info);
napi_value Clock(napi_env env, napi_callback_info info);
napi_value Timerfd(napi_env env, napi_callback_info info);

// descriptor.cc
napi_value Close(napi_env env, napi_callback_info info);
napi_value Dup(napi_env env, napi_callback_info info);
napi_value SetNonBlocking(napi_env env, napi_callback_info info);
napi_value DescriptorLimit(napi_env env, napi_callback_info info);
napi_value SetDescriptorLimit(napi_env env, napi_callback_info info);

// create.cc
napi_value Pipe(napi_env env, napi_callback_info info);
napi_value Socketpair(napi_env env, napi_callback_info info);
napi_value Openpty(napi_env env, napi_callback_info info);
napi_value Eventfd(napi_env env, napi_callback_info info);
napi_value PidfdOpen(napi_env env, napi_callback_info info);
napi_value InotifyInit(napi_env env, napi_callback_info info);
napi_value InotifyAddWatch(napi_env env, napi_callback_info info);
napi_value InotifyRemoveWatch(napi_env env, napi_callback_info info);

// socket.cc
napi_value ListenTcp(napi_env env, napi_callback_info info);
napi_value Accept(napi_env env, napi_callback_info info);
napi_value ConnectTcp(napi_env env, napi_callback_info info);
napi_value BindUdp(napi_env env, napi_callback_info info);
napi_value ConnectUdp(napi_env env, napi_callback_info info);
napi_value Shutdown(napi_env env, napi_callback_info info);
napi_value LocalPort(napi_env env, napi_callback_info info);
napi_value SocketError(napi_env env, napi_callback_info info);
napi_value SetNoDelay(napi_env env, napi_callback_info info);

// errno.cc
napi_value ErrnoName(napi_env env, napi_callback_info info);
napi_value ErrnoMessage(napi_env env, napi_callback_info info);

// send-wakeup.cc
napi_value SendWakeup(napi_env env, napi_callback_info info);

}  // namespace sys

#endif  // POLYLOOP_SYS_FUNCTIONS_H_
