//===- abi.h - What compiled host code and the runtime agree on -----------===//
//
// Shared by the compiler, which emits code against it, and the runtime, which
// loads that code. Plain C, no includes beyond stdint, versioned as a whole.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_ABI_H
#define EINFALL_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bumped on any change of this file. The loader refuses other versions. */
#define EINF_ABI_VERSION 2u

/* One kernel: computes blocks [begin, end) of its grid. `frame` is laid out by
 * the compiler and opaque to the runtime; it outlives the launch. Blocks are
 * independent, so results do not depend on how they are dealt to threads. */
typedef void (*einf_kernel_fn)(const void *frame, int64_t begin, int64_t end);

/* Services that host code calls. Host code has no imports: this table is all
 * it knows of the process around it. */
typedef struct einf_services {
  uint32_t abi_version;
  uint32_t reserved;
  /* Runs `kernel` so that every block of [0, blocks) is computed exactly once
   * and returns when all are done. `grain` is the least number of blocks worth
   * a hand-over to another thread (>= blocks: run on the caller). */
  void (*launch)(void *pool, einf_kernel_fn kernel, const void *frame, int64_t blocks,
                 int64_t grain);
  /* The same for code of a device (device.h), whose blocks are not computed
   * here: both record work on `queue`, in order, and return at once. Null for a
   * CPU target, as `launch` is for that of a device. `kernel` is an index into
   * the kernels of einf_device_code; `frame` holds the kernel's parameters as it
   * takes them, 8 bytes each, device pointers first, then int64_t sizes, and is
   * copied. The grid is `blocks` x 1 x 1; none is launched if there are no
   * blocks. */
  void (*launch_device)(void *queue, uint32_t kernel, const void *frame, uint64_t frame_bytes,
                        int64_t blocks);
  /* Copies within the device's memory; the two do not overlap. */
  void (*copy_device)(void *queue, const void *source, void *target, int64_t bytes);
} einf_services;

/* One call of an entry point. `symbols` holds the values of the entry's
 * symbols, `buffers` one 64-byte aligned pointer a buffer, both in manifest
 * order. Data is dense and row-major unless the manifest gives a layout. For a
 * device target `pool` is the queue and `buffers` are the device's pointers. */
typedef struct einf_call {
  const einf_services *services;
  void *pool;
  const int64_t *symbols;
  void *const *buffers;
} einf_call;

/* Exported as einf_entry_<name>. Returns 0, or the number (from 1) of the
 * assumption on sizes that the call breaks; nothing has been computed then. */
typedef int32_t (*einf_entry_fn)(const einf_call *call);

#ifdef __cplusplus
static_assert(sizeof(einf_services) == 32 && sizeof(einf_call) == 32,
              "the ABI assumes 64-bit pointers");
}
#endif
#endif
