//===- CheckDialect.h - Numeric tests as functions --------------*- C++ -*-===//
#ifndef EINFALL_DIALECTS_CHECK_CHECKDIALECT_H
#define EINFALL_DIALECTS_CHECK_CHECKDIALECT_H

#include "dialects/ein/EinDialect.h"

#include "dialects/check/CheckDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/check/CheckOps.h.inc"

#endif
