// Tells a process from its forked children, which have the same memory but none of its contexts and rings.
#ifndef POLYLOOP_FORK_ERA_H_
#define POLYLOOP_FORK_ERA_H_

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace polyloop {

using EraWord = std::atomic<uint32_t>;
static_assert(EraWord::is_always_lock_free, "a child may be forked at any moment");

// A word that reads 0 in a forked child (Linux 4.14).
class WipedOnFork {
 public:
  WipedOnFork() {
    void* page = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, size_, MADV_WIPEONFORK) == 0) {
      word_ = new (page) EraWord(0);
    } else {
      ::munmap(page, size_);
    }
  }
  // An addon is loaded and unloaded again and again, with every worker that uses it.
  ~WipedOnFork() {
    if (word_ != nullptr) ::munmap(word_, size_);
  }
  WipedOnFork(const WipedOnFork&) = delete;
  WipedOnFork& operator=(const WipedOnFork&) = delete;

  // Null if the kernel refuses.
  EraWord* get() const { return word_; }

 private:
  const size_t size_ = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  EraWord* word_ = nullptr;
};

// A number that stays the same for the life of a process, and is another one in every child. Costs one load.
// A static object that asks in its destructor must ask in its constructor, too: then the page goes after it.
inline uint32_t CurrentEra() {
  // Globals, because a fork happens to the whole process. The counter is copied by a fork, so a child goes on from it.
  static EraWord last{0};
  static const WipedOnFork page;
  EraWord* const current = page.get();
  // Without it a child is told apart only by the kernel's answers.
  if (current == nullptr) return 0;
  const uint32_t era = current->load(std::memory_order_relaxed);
  if (era != 0) return era;
  uint32_t none = 0;
  current->compare_exchange_strong(none, last.fetch_add(1) + 1);
  return current->load();
}

}  // namespace polyloop

#endif  // POLYLOOP_FORK_ERA_H_
