// Writes the toy package for the CPU and a GPU: test/python/test_cuda.py.
#include "CudaPackage.h"

#include <cstdio>

int main(int argc, char **argv) {
  using namespace einfall::test;
  if (argc != 2)
    return 2;
  std::string blob = deviceBlob(toyKernels(), {{EINF_IMAGE_PTX, 80, toyText()}});
  auto status = einfall::package::writePackage(cudaSpec(blob), argv[1]);
  std::fputs(status.message().c_str(), stderr);
  return status.ok() ? 0 : 1;
}
