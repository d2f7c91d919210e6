#include "completion-ring.h"

namespace backend_linuxaio {
namespace {

constexpr uint32_t kMagic = 0xa10a10a1;
constexpr uint32_t kFewestEntries = 2;
constexpr uint32_t kMostEntries = uint32_t{1} << 28;

}  // namespace

CompletionRing::CompletionRing(aio_context_t context) {
  // The id is the address of a mapping that the kernel made, of a page at least.
  auto* header = reinterpret_cast<Header*>(static_cast<uintptr_t>(context));
  if (header == nullptr || header->magic != kMagic || header->incompatible_features != 0 ||
      header->header_length != sizeof(Header) || header->size < kFewestEntries || header->size > kMostEntries) {
    return;
  }
  header_ = header;
  size_ = header->size;
}

bool CompletionRing::IsEmpty() const {
  return Head() == Tail();
}

}  // namespace backend_linuxaio
