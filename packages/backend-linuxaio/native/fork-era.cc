#include "fork-era.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace backend_linuxaio {
namespace {

using Word = std::atomic<uint32_t>;
static_assert(Word::is_always_lock_free, "a child may be forked at any moment");

// A word that reads 0 in a forked child (Linux 4.14); null if the kernel refuses.
Word* WipedOnFork() {
  const auto size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (::madvise(page, size, MADV_WIPEONFORK) != 0) {
    ::munmap(page, size);
    return nullptr;
  }
  return new (page) Word(0);
}

}  // namespace

uint32_t CurrentEra() {
  // Globals, because a fork happens to the whole process. The counter is copied by a fork, so a child goes on from it.
  static Word last{0};
  static Word* const current = WipedOnFork();
  // Without it a child is told apart only by the kernel, which answers EINVAL.
  if (current == nullptr) return 0;
  const uint32_t era = current->load(std::memory_order_relaxed);
  if (era != 0) return era;
  uint32_t none = 0;
  current->compare_exchange_strong(none, last.fetch_add(1) + 1);
  return current->load();
}

}  // namespace backend_linuxaio
