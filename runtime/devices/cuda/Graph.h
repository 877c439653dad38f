//===- Graph.h - The launches of a call, replayed with one ----------------===//
//
// A decode step makes a hundred launches or more, always the same kernels in
// the same order; only some parameters differ (the length, the tensors of the
// caller). A graph of them is launched at once. Where a recording has a graph's
// shape, parameters that changed are written into it, so a growing length needs
// no new graph. Kernels that are not launched at all (no blocks) change the
// shape: a cache keeps a few graphs an entry.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DEVICES_CUDA_GRAPH_H
#define EINFALL_DEVICES_CUDA_GRAPH_H

#include "Device.h"
#include "Program.h"
#include "Recording.h"

#include <vector>

namespace einfall::rt::cuda {

/// A chain of launches. The device's context must be current in all functions.
class Graph {
public:
  Graph(Gpu &gpu, std::span<const Kernel> kernels) : gpu_(gpu), kernels_(kernels) {}
  ~Graph();
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;

  Code build(const Recording &recording);
  bool fits(const Recording &recording) const { return !broken_ && last_.hasShapeOf(recording); }
  /// Takes over what differs from the launch before, then launches.
  Code launch(const Recording &recording, Stream stream);

private:
  Code add(const Launch &launch, size_t i);
  Code set(const Launch &launch, size_t i);

  Gpu &gpu_;
  std::span<const Kernel> kernels_;
  GraphHandle graph_ = nullptr;
  GraphExec exec_ = nullptr;
  std::vector<GraphNode> nodes_;
  Recording last_;              ///< parameters that the graph holds
  bool broken_ = false;         ///< a change of them has failed
  std::vector<size_t> changed_; ///< kept for its memory
};

/// The graphs of one entry.
class GraphCache {
public:
  /// The graph of the recording's shape. Null for a shape that was not there in
  /// the call before: building one takes as long as many launches. Null, too, for
  /// copies that are too large, which take longer than launches. `code` tells
  /// what failed then, if something did.
  Graph *find(const Recording &recording, Gpu &gpu, std::span<const Kernel> kernels, Code &code);
  /// Makes and finds none from now on.
  void giveUp() {
    graphs_.clear();
    givenUp_ = true;
  }

private:
  static constexpr size_t kMost = 4;
  std::vector<std::unique_ptr<Graph>> graphs_; ///< the latest last
  uint64_t before_ = 0;                        ///< shape of the call before
  bool givenUp_ = false;
};

} // namespace einfall::rt::cuda
#endif
