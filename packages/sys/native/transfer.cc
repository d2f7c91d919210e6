// Moving bytes. Hot: raw Node-API, no allocation on either heap.
#include <sys/socket.h>

#include "arguments.h"
#include "call.h"
#include "functions.h"
#include "move.h"

namespace sys {
namespace {

struct Transfer {
  int fd;
  uint8_t* data;
  size_t length;
};

bool TakeTransfer(napi_env env, napi_callback_info info, const char* function, Transfer* out) {
  Call<4> call(env, info);
  Memory memory{};
  double offset = 0;
  double length = 0;
  if (!TakeDescriptor(env, call.argument[0], function, &out->fd) ||
      !TakeMemory(env, call.argument[1], {function, "view"}, &memory)) {
    return false;
  }
  const auto size = static_cast<double>(memory.size);
  if (!TakeOptionalInteger(env, call.argument[2], {function, "offset"}, size, 0, &offset) ||
      !TakeOptionalInteger(env, call.argument[3], {function, "length"}, size - offset, size - offset, &length)) {
    return false;
  }
  // Null plus 0 is no pointer arithmetic that C++ allows, and an empty view may have no memory.
  out->data = offset == 0 ? memory.data : memory.data + static_cast<size_t>(offset);
  out->length = static_cast<size_t>(length);
  return true;
}

}  // namespace

napi_value Read(napi_env env, napi_callback_info info) {
  Transfer transfer;
  if (!TakeTransfer(env, info, "read", &transfer)) return nullptr;
  return Answer(env, Move<Direction::kRead>(transfer.fd, transfer.data, transfer.length));
}

napi_value Write(napi_env env, napi_callback_info info) {
  Transfer transfer;
  if (!TakeTransfer(env, info, "write", &transfer)) return nullptr;
  return Answer(env, Move<Direction::kWrite>(transfer.fd, transfer.data, transfer.length));
}

napi_value SendUrgent(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  int fd = 0;
  int number = 0;
  if (!TakeDescriptor(env, call.argument[0], "sendUrgent", &fd) ||
      !TakeInt(env, call.argument[1], {"sendUrgent", "byte"}, 0, 255, &number)) {
    return nullptr;
  }
  const auto byte = static_cast<uint8_t>(number);
  ssize_t count;
  do {
    count = ::send(fd, &byte, 1, MSG_OOB | MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return AnswerOf(env, count);
}

}  // namespace sys
