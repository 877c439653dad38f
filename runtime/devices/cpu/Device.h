//===- Device.h - The CPU: tensors are used where they lie ----------------===//
#ifndef EINFALL_DEVICES_CPU_DEVICE_H
#define EINFALL_DEVICES_CPU_DEVICE_H

#include "core/Device.h"

namespace einfall::rt::cpu {

std::shared_ptr<Device> openDevice();

} // namespace einfall::rt::cpu
#endif
