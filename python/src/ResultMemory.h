//===- ResultMemory.h - Main memory of results ------------------*- C++ -*-===//
#ifndef EINFALL_PYTHON_RESULTMEMORY_H
#define EINFALL_PYTHON_RESULTMEMORY_H

#include <cstdint>
#include <memory>

namespace einfall::python {

/// Memory of at least `bytes` for a result, its contents undefined. Throws `std::bad_alloc`.
///
/// Large results of a call are often those of the next one, and the system clears each page that it
/// hands out, which takes as long as a kernel that writes it: what is given back is kept, 256 MiB
/// of all threads at most, the newest first.
std::shared_ptr<void> allocateResult(uint64_t bytes);

} // namespace einfall::python

#endif
