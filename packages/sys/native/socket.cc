// TCP and UDP, as far as an event loop and its tests need them.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "arguments.h"
#include "call.h"
#include "functions.h"

namespace sys {
namespace {

// Closes what was opened, keeps the errno of what failed.
napi_value FailAndClose(napi_env env, int fd) {
  const int error = errno;
  ::close(fd);
  return Answer(env, -error);
}

bool TakeAddress(napi_env env, const napi_value* arguments, const char* function, int lowest_port, Address* out) {
  std::string host;
  int port = 0;
  if (!TakeString(env, arguments[0], {function, "host"}, &host) ||
      !TakeInt(env, arguments[1], {function, "port"}, lowest_port, 65535, &port)) {
    return false;
  }
  if (ParseAddress(host, static_cast<uint16_t>(port), out)) return true;
  return ThrowInvalidValue(env, {function, "host"},
                           "a numeric IPv4 or IPv6 address or \"localhost\", got \"" + host +
                               "\": resolving a name would block, do that before with node:dns");
}

// `type` is SOCK_STREAM for TCP and SOCK_DGRAM for UDP.
int OpenSocket(const Address& address, int type) {
  return ::socket(address.Family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int SetOption(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value);
}

int Bind(int fd, const Address& address) {
  // IPV6_V6ONLY is set either way: its default is a sysctl (net.ipv6.bindv6only).
  if (address.Family() == AF_INET6 && SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0) return -1;
  return ::bind(fd, address.Get(), address.length);
}

napi_value Connect(napi_env env, napi_callback_info info, const char* function, int type) {
  Call<2> call(env, info);
  Address address;
  if (!TakeAddress(env, call.argument, function, 1, &address)) return nullptr;
  const int fd = OpenSocket(address, type);
  if (fd < 0) return Answer(env, -errno);
  // Interrupted, a connect goes on in the background just as one in progress does; calling again would be EALREADY.
  if (::connect(fd, address.Get(), address.length) < 0 && errno != EINPROGRESS && errno != EINTR) {
    return FailAndClose(env, fd);
  }
  return Answer(env, fd);
}

}  // namespace

napi_value ListenTcp(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  Address address;
  int backlog = 0;
  bool reuse_port = false;
  if (!TakeAddress(env, call.argument, "listenTcp", 0, &address) ||
      !TakeInt(env, call.argument[2], {"listenTcp", "options.backlog"}, 1, kMaxInt, &backlog) ||
      !TakeBoolean(env, call.argument[3], {"listenTcp", "options.reusePort"}, &reuse_port)) {
    return nullptr;
  }
  const int fd = OpenSocket(address, SOCK_STREAM);
  if (fd < 0) return Answer(env, -errno);
  if (SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
      (reuse_port && SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) || Bind(fd, address) < 0 ||
      ::listen(fd, backlog) < 0) {
    return FailAndClose(env, fd);
  }
  return Answer(env, fd);
}

napi_value Accept(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int fd = 0;
  if (!TakeDescriptor(env, call.argument[0], "accept", &fd)) return nullptr;
  int accepted;
  do {
    accepted = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (accepted < 0 && errno == EINTR);
  return AnswerOf(env, accepted);
}

napi_value ConnectTcp(napi_env env, napi_callback_info info) {
  return Connect(env, info, "connectTcp", SOCK_STREAM);
}

napi_value BindUdp(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Address address;
  if (!TakeAddress(env, call.argument, "bindUdp", 0, &address)) return nullptr;
  const int fd = OpenSocket(address, SOCK_DGRAM);
  if (fd < 0) return Answer(env, -errno);
  // Without SO_REUSEADDR: two sockets of UDP that set it share a port, and one of them gets nothing.
  if (Bind(fd, address) < 0) return FailAndClose(env, fd);
  return Answer(env, fd);
}

napi_value ConnectUdp(napi_env env, napi_callback_info info) {
  return Connect(env, info, "connectUdp", SOCK_DGRAM);
}

napi_value Shutdown(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  int fd = 0;
  std::string how;
  if (!TakeDescriptor(env, call.argument[0], "shutdown", &fd) ||
      !TakeString(env, call.argument[1], {"shutdown", "how"}, &how)) {
    return nullptr;
  }
  if (how == "read") return AnswerOf(env, ::shutdown(fd, SHUT_RD));
  if (how == "write") return AnswerOf(env, ::shutdown(fd, SHUT_WR));
  if (how == "both") return AnswerOf(env, ::shutdown(fd, SHUT_RDWR));
  ThrowInvalidValue(env, {"shutdown", "how"}, "\"read\", \"write\" or \"both\", got \"" + how + "\"");
  return nullptr;
}

napi_value LocalPort(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int fd = 0;
  if (!TakeDescriptor(env, call.argument[0], "localPort", &fd)) return nullptr;
  Address address{};
  address.length = sizeof address.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) < 0) return Answer(env, -errno);
  const int port = PortOf(address);
  return Answer(env, port < 0 ? -EAFNOSUPPORT : port);
}

napi_value SocketError(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int fd = 0;
  if (!TakeDescriptor(env, call.argument[0], "socketError", &fd)) return nullptr;
  int pending = 0;
  socklen_t length = sizeof pending;
  return AnswerOf(env, ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &length) < 0 ? -1 : pending);
}

napi_value SetNoDelay(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  int fd = 0;
  bool on = false;
  if (!TakeDescriptor(env, call.argument[0], "setNoDelay", &fd) ||
      !TakeBoolean(env, call.argument[1], {"setNoDelay", "on"}, &on)) {
    return nullptr;
  }
  return AnswerOf(env, SetOption(fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0));
}

}  // namespace sys
