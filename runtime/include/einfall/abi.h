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
#define EINF_ABI_VERSION 1u

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
} einf_services;

/* One call of an entry point. `symbols` holds the values of the entry's
 * symbols, `buffers` one 64-byte aligned pointer a buffer, both in manifest
 * order. Data is dense and row-major unless the manifest gives a layout. */
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
static_assert(sizeof(einf_services) == 16 && sizeof(einf_call) == 32,
              "the ABI assumes 64-bit pointers");
}
#endif
#endif
