//===- Graph.cpp - The launches of a call, replayed with one --------------===//
#include "Graph.h"
#include "Memory.h"

#include <algorithm>

namespace einfall::rt::cuda {
namespace {

/// Parameters of a kernel as a node takes them; refers to itself.
struct KernelParameters {
  KernelParameters(const Kernel &kernel, const Launch &launch, const std::byte *frame)
      : size(launch.frameBytes) {
    extra[1] = const_cast<std::byte *>(frame);
    node = {kernel.function,
            unsigned(launch.blocks),
            1,
            1,
            kernel.threads,
            1,
            1,
            kernel.sharedBytes,
            nullptr,
            extra};
  }
  size_t size;
  void *extra[5] = {kParameterBuffer, nullptr, kParameterSize, &size, nullptr};
  KernelNode node;
};

CopyNode copyParameters(const Launch &launch) {
  CopyNode node = {};
  node.sourceType = node.targetType = kMemoryTypeDevice;
  node.source = toPointer(launch.source);
  node.target = toPointer(launch.target);
  node.width = node.sourcePitch = node.targetPitch = size_t(launch.blocks);
  node.height = node.depth = node.sourceHeight = node.targetHeight = 1;
  return node;
}

} // namespace

Graph::~Graph() {
  if (exec_)
    gpu_.driver().graphExecDestroy(exec_);
  if (graph_)
    gpu_.driver().graphDestroy(graph_);
}

Code Graph::add(const Launch &launch, size_t i) {
  const Driver &driver = gpu_.driver();
  const GraphNode *before = i ? &nodes_[i - 1] : nullptr;
  if (launch.kernel == kCopy) {
    CopyNode node = copyParameters(launch);
    return driver.graphAddCopy(&nodes_[i], graph_, before, i != 0, &node, gpu_.context());
  }
  KernelParameters parameters(kernels_[launch.kernel], launch, last_.frame(launch));
  return driver.graphAddKernel(&nodes_[i], graph_, before, i != 0, &parameters.node);
}

Code Graph::build(const Recording &recording) {
  last_ = recording;
  std::span<const Launch> launches = last_.launches();
  nodes_.resize(launches.size());
  Code code = gpu_.driver().graphCreate(&graph_, 0);
  for (size_t i = 0; i < launches.size() && code == 0; ++i)
    code = add(launches[i], i);
  return code ? code : gpu_.driver().graphInstantiate(&exec_, graph_, 0);
}

Code Graph::set(const Launch &launch, size_t i) {
  if (launch.kernel == kCopy) {
    CopyNode node = copyParameters(launch);
    return gpu_.driver().graphSetCopy(exec_, nodes_[i], &node, gpu_.context());
  }
  KernelParameters parameters(kernels_[launch.kernel], launch, last_.frame(launch));
  return gpu_.driver().graphSetKernel(exec_, nodes_[i], &parameters.node);
}

Code Graph::launch(const Recording &recording, Stream stream) {
  changed_.clear();
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (!recording.isSameAt(i, last_))
      changed_.push_back(i);
  if (!changed_.empty())
    last_ = recording;
  Code code = 0;
  for (size_t i = 0; i < changed_.size() && code == 0; ++i)
    code = set(last_.launches()[changed_[i]], changed_[i]);
  if (code == 0)
    code = gpu_.driver().graphLaunch(exec_, stream);
  broken_ |= code != 0; // of which parameters it holds nothing is known
  return code;
}

Graph *GraphCache::find(const Recording &recording, Gpu &gpu, std::span<const Kernel> kernels,
                        Code &code) {
  code = 0;
  if (givenUp_ || recording.hasLargeCopy())
    return nullptr;
  uint64_t shape = recording.shapeHash();
  bool steady = shape == before_;
  before_ = shape;
  auto found = std::ranges::find_if(graphs_, [&](auto &graph) { return graph->fits(recording); });
  if (found != graphs_.end()) {
    std::rotate(found, found + 1, graphs_.end());
    return graphs_.back().get();
  }
  if (!steady || recording.launches().size() < 2)
    return nullptr;
  auto graph = std::make_unique<Graph>(gpu, kernels);
  code = graph->build(recording);
  if (code != 0)
    return nullptr;
  if (graphs_.size() == kMost)
    graphs_.erase(graphs_.begin());
  graphs_.push_back(std::move(graph));
  return graphs_.back().get();
}

} // namespace einfall::rt::cuda
