//===- Compare.h - Where two tensors differ ---------------------*- C++ -*-===//
#ifndef EINFALL_LIB_REFERENCE_COMPARE_H
#define EINFALL_LIB_REFERENCE_COMPARE_H

#include "lib/Reference/Tensor.h"
#include <string>

namespace einfall::reference {

/// The first element that differs, both values and how many differ, as text;
/// empty if none does. NaN equals NaN; -0 and +0 differ.
std::string differenceExact(const Tensor &got, const Tensor &expected);

/// The same for floats where |got - expected| > atol + rtol * |expected|.
/// Infinities of one sign are equal. -0 equals +0.
std::string differenceBeyond(const Tensor &got, const Tensor &expected, double atol, double rtol);

} // namespace einfall::reference

#endif
