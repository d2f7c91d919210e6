// An address of TCP or UDP from text, without ever resolving a name.
#ifndef POLYLOOP_SYS_ADDRESS_H_
#define POLYLOOP_SYS_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace sys {

struct Address {
  sockaddr_storage storage;
  socklen_t length;

  const sockaddr* Get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int Family() const { return storage.ss_family; }
};

// Numeric IPv4, numeric IPv6 (with a %scope where it has one) or "localhost", which means 127.0.0.1. False for
// everything else: asking a name server would block the thread.
bool ParseAddress(const std::string& host, uint16_t port, Address* out);

// The port of either family, or -1.
int PortOf(const Address& address);

}  // namespace sys

#endif  // POLYLOOP_SYS_ADDRESS_H_
