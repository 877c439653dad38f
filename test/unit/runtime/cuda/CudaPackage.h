//===- CudaPackage.h - The toy package with code for a GPU, too -----------===//
#ifndef EINFALL_TEST_RUNTIME_CUDA_CUDAPACKAGE_H
#define EINFALL_TEST_RUNTIME_CUDA_CUDAPACKAGE_H

#include "../TestPackage.h"
#include "einfall/device.h"

namespace einfall::test {

struct BlobKernel {
  std::string name, source;
  uint32_t threads = 32, sharedBytes = 0;
};
struct BlobImage {
  uint32_t kind = EINF_IMAGE_PTX, capability = 80;
  std::string bytes;
};

/// einf_device_code of these.
std::string deviceBlob(const std::vector<BlobKernel> &kernels,
                       const std::vector<BlobImage> &images);

/// toy.ptx with the zero at its end.
std::string toyText();
std::vector<BlobKernel> toyKernels();

/// toySpec() with a second target "sm_80" that carries `blob`.
package::PackageSpec cudaSpec(const std::string &blob);

/// Writes `spec` and opens it.
std::shared_ptr<rt::Package> openSpec(package::PackageSpec spec, const std::string &name);

/// The toy package for both devices, written once.
const std::string &cudaPackage();

} // namespace einfall::test
#endif
