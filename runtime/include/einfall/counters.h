//===- counters.h - What kernels count, if they are asked to --------------===//
//
// A kernel compiled with --count-visits adds to counters of its own, which the
// code of its package exports as einf_counts_<kernel>: EINF_COUNTERS numbers of
// type uint64_t, in this order. Plain C.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_COUNTERS_H
#define EINFALL_COUNTERS_H

/* Chunks that walks came to and those that they did not skip; stages of a chunk
 * that ran without a condition in them, as it was settled, and with it. */
enum einf_counter { EINF_CHUNKS, EINF_VISITED, EINF_UNMASKED, EINF_MASKED, EINF_COUNTERS };

#endif
