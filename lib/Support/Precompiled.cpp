#include "lib/Support/Precompiled.h"
