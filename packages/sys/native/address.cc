#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstring>

namespace sys {

// The families are copied in and out: a cast to sockaddr_in would break the rule of strict aliasing.
bool ParseAddress(const std::string& host, uint16_t port, Address* out) {
  *out = {};
  sockaddr_in four{};
  if (::inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&out->storage, &four, sizeof four);
    out->length = sizeof four;
    return true;
  }
  sockaddr_in6 six{};
  const size_t percent = host.find('%');
  if (::inet_pton(AF_INET6, host.substr(0, percent).c_str(), &six.sin6_addr) != 1) return false;
  if (percent != std::string::npos) {
    six.sin6_scope_id = ::if_nametoindex(host.substr(percent + 1).c_str());
    if (six.sin6_scope_id == 0) return false;
  }
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  std::memcpy(&out->storage, &six, sizeof six);
  out->length = sizeof six;
  return true;
}

int PortOf(const Address& address) {
  if (address.Family() == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address.storage, sizeof four);
    return ntohs(four.sin_port);
  }
  if (address.Family() == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address.storage, sizeof six);
    return ntohs(six.sin6_port);
  }
  return -1;
}

}  // namespace sys
