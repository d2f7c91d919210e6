// The completions of a context as the kernel shows them in user memory, so that they can be read without a system call.
// The layout is not in the kernel's headers: it is verified before it is believed.
#ifndef POLYLOOP_BACKEND_LINUXAIO_COMPLETION_RING_H_
#define POLYLOOP_BACKEND_LINUXAIO_COMPLETION_RING_H_

#include <linux/aio_abi.h>

#include <cstddef>
#include <cstdint>

namespace backend_linuxaio {

class CompletionRing {
 public:
  CompletionRing() = default;
  // The ring of a context, whose id is its address. Not valid if it is not what it should be.
  explicit CompletionRing(aio_context_t context);

  bool IsValid() const { return header_ != nullptr; }
  // How many entries it has; one of them always stays empty.
  uint32_t size() const { return size_; }
  bool IsEmpty() const;

  // Hands up to `most` completions to `store`, the oldest first, and gives their places back to the kernel. Those that
  // come meanwhile are left for the next time. Returns how many there were.
  template <class Store>
  int Consume(int most, Store store);

 private:
  // fs/aio.c, struct aio_ring: the same since magic and features were added in 2.6.
  struct Header {
    uint32_t id;
    uint32_t size;
    uint32_t head;
    uint32_t tail;
    uint32_t magic;
    uint32_t compatible_features;
    uint32_t incompatible_features;
    uint32_t header_length;
  };
  static_assert(sizeof(Header) == 32 && sizeof(io_event) == 32, "entries follow the header without a gap");

  // Where the kernel writes next. Acquire: what it wrote before it moved the tail must be seen after it.
  uint32_t Tail() const { return __atomic_load_n(&header_->tail, __ATOMIC_ACQUIRE); }
  // Where we read next: nobody but us, and the kernel in our own io_getevents(2), moves it.
  uint32_t Head() const { return __atomic_load_n(&header_->head, __ATOMIC_RELAXED); }

  Header* header_ = nullptr;
  uint32_t size_ = 0;
};

template <class Store>
int CompletionRing::Consume(int most, Store store) {
  uint32_t head = Head();
  const uint32_t tail = Tail();
  // Nobody but the kernel writes there. Whoever did: nothing it says can be believed.
  if (head >= size_ || tail >= size_) {
    header_ = nullptr;
    return 0;
  }
  const auto* entries = reinterpret_cast<const io_event*>(header_ + 1);
  int count = 0;
  while (head != tail && count < most) {
    store(entries[head]);
    count++;
    head = head + 1 == size_ ? 0 : head + 1;
  }
  // Release: the kernel may overwrite the entries as soon as it sees this.
  if (count > 0) __atomic_store_n(&header_->head, head, __ATOMIC_RELEASE);
  return count;
}

}  // namespace backend_linuxaio

#endif  // POLYLOOP_BACKEND_LINUXAIO_COMPLETION_RING_H_
